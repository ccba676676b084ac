"""The pool's queue: requests that wait for machines get them when some come back."""

from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.handlers.allocation import Attempt
from hcmp_inventory.projections import queue
from hcmp_inventory.reactors.granting import Asked, Granting

# Whatever makes a machine available; and a request that begins to wait, since one may have come back meanwhile.
SUBJECTS = (
    "hcmp.vm.*.registered",
    "hcmp.vm.*.recycled",
    "hcmp.vm.*.maintenance-ended",
    "hcmp.allocation.*.queued",
)


@dataclass(frozen=True)
class Queueing:
    granting: Granting
    pool: Pool
    projector: Projector

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        """Serve the queue: who comes later gets none of the machines that whoever has to wait on would have."""
        await self.projector.require(recorded.sequence)
        context = Context.caused_by(recorded, service="inventory")
        withheld: frozenset[str] = frozenset()
        for waiting in await queue.waiting(self.pool):
            attempt = Attempt(waiting.project_id, waiting.owner_id, waiting.attempt)
            asked = Asked(attempt, waiting.wanted, recorded.sequence, wait=True)
            withheld |= await self.granting.answer(asked, context, withheld=withheld) or frozenset()
