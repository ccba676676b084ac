"""The pool's queue: requests that wait for machines get them when some come back."""

from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.handlers.allocation import Attempt
from hcmp_inventory.projections import pool_queries, queue
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
        await self.projector.require(recorded.sequence)
        context = Context.caused_by(recorded, service="inventory")
        while await self._serve(recorded.sequence, context):
            pass

    async def _serve(self, sequence: int, context: Context) -> bool:
        """Serve the queue once: who comes later gets none of the machines that whoever has to wait on would have.
        All choose among the machines that were there at the start: one that came back meanwhile might be what the
        first still lacked. Whether there is such a one, and somebody who waits.
        """
        until = self.projector.position
        withheld: frozenset[str] = frozenset()
        waits = False
        for waiting in await queue.waiting(self.pool):
            attempt = Attempt(waiting.project_id, waiting.owner_id, waiting.attempt)
            asked = Asked(attempt, waiting.wanted, sequence, wait=True, withheld=withheld, until=until)
            left = await self.granting.answer(asked, context)
            waits |= left is not None
            withheld |= left or frozenset()
        if not waits or (newest := await pool_queries.newest_free(self.pool)) <= until:
            return False
        await self.projector.require(newest)
        return True
