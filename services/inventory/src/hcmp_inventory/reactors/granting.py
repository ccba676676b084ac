"""Projects that ask for machines get them, all or none; whoever waits for them does so in the pool's queue."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectAdmitted, ProjectRequested, RetryRequested, RoleCount
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.domain import allocation, vm_errors
from hcmp_inventory.domain.placing import Wanted
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.reactors.picking import Need, Pick, Picks, seen

SUBJECTS = ("hcmp.project.*.requested", "hcmp.project.*.admitted", "hcmp.project.*.retry-requested")
MAX_PICKS = 20


class ContendedError(Exception):
    """Others were always faster: the request is taken up again later."""


class _TakenError(Exception):
    """Somebody else took what was picked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a project asks for. Without `wait` it is answered at once, even if there are too few. `withheld` and
    `until` are as in `Need`: what a request in the queue must leave to others.
    """

    attempt: Attempt
    wanted: tuple[Wanted, ...]
    sequence: int
    wait: bool
    withheld: frozenset[str] = frozenset()
    until: int | None = None

    @classmethod
    def of(cls, recorded: Recorded[DomainEvent]) -> "Asked":
        event = recorded.event
        if not isinstance(event, ProjectRequested | ProjectAdmitted | RetryRequested):
            raise TypeError(event.event_type)
        number = 1 if isinstance(event, ProjectRequested) else event.attempt
        attempt = Attempt(recorded.aggregate_id, event.owner_id, number)
        return cls(attempt, _one_a_machine(event.roles), recorded.sequence, event.wait)

    def of_role(self, role: str) -> tuple[Wanted, ...]:
        return tuple(one for one in self.wanted if one.role == role)

    def need(self, wanted: tuple[Wanted, ...]) -> Need:
        return Need(self.attempt.project_id, wanted, self.sequence, self.withheld, self.until)


@dataclass(frozen=True)
class Granting:
    """Lets the versions in the log decide whether a pick holds, and picks again when it does not."""

    allocations: Allocations
    picks: Picks
    resets: Resets

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        context = Context.caused_by(recorded, service="inventory")
        match recorded.event:
            case ProjectRequested(held_back=True):
                return  # its admission asks
            case RetryRequested(keep_machines=True, lost=lost):
                await self._keep(Asked.of(recorded), frozenset(lost), context)
            case _:
                await self.answer(Asked.of(recorded), context)

    async def answer(self, asked: Asked, context: Context) -> frozenset[str] | None:
        """Grant, queue or deny. None once the request has its answer; one that is queued has not: then the free
        machines that it would have if there were enough.
        """
        for _ in range(MAX_PICKS):
            try:
                return await self._try(asked, context)
            except _TakenError:
                continue
            except allocation.AttemptAnsweredError:
                return None
            except allocation.StillHeldError as held:
                await self.allocations.release(asked.attempt.project_id, held.attempt, "retry", context)
        raise ContendedError

    async def _try(self, asked: Asked, context: Context) -> frozenset[str] | None:
        """As `answer`. Raises _TakenError when somebody else took what was picked."""
        if await self.resets.in_progress():  # every machine is about to go
            await self.allocations.deny(asked.attempt, needed=len(asked.wanted), available=0, context=context)
            return None
        async with self.picks.take(asked.need(asked.wanted)) as pick:
            if not pick.complete:
                return await self._too_few(asked, pick, context)
            try:
                sequence = await self.allocations.grant(
                    asked.attempt, pick.granted, context, seen=seen(pick.machines)
                )
            except (vm_errors.VmNotAvailableError, ConcurrencyError) as taken:
                await self.picks.see_what_happened_to(pick.machines)
                raise _TakenError from taken
            self.picks.reserved(pick.machines, sequence)
            return None

    async def _too_few(self, asked: Asked, pick: Pick, context: Context) -> frozenset[str] | None:
        available = len(pick.machines)
        if asked.wait:
            await self.allocations.queue(asked.attempt, asked.wanted, available, context)
            return frozenset(machine.vm_id for machine in pick.machines)
        await self.allocations.deny(asked.attempt, needed=len(asked.wanted), available=available, context=context)
        return None

    async def _keep(self, asked: Asked, lost: frozenset[str], context: Context) -> None:
        """Give the project the machines that it holds once more, and others for those that it lost. When it holds
        none any more, or too few others are free, it asks as if for the first time.
        """
        for _ in range(MAX_PICKS):
            held = await self.allocations.state(asked.attempt.project_id)
            if not isinstance(held, allocation.Granted) or held.attempt >= asked.attempt.number:
                break
            kept = [machine for machine in held.granted if machine.vm_id not in lost]
            roles = Counter(machine.role for machine in held.granted if machine.vm_id in lost)
            wanted = tuple(one for role in roles for one in asked.of_role(role)[: roles[role]])
            async with self.picks.take(asked.need(wanted)) as pick:
                if not pick.complete:
                    break
                try:
                    sequence = await self.allocations.regrant(asked.attempt, held, kept, pick.granted, context)
                except (vm_errors.VmNotAvailableError, ConcurrencyError, allocation.AllocationMovedError):
                    await self.picks.see_what_happened_to(pick.machines)
                    continue
                except allocation.AttemptAnsweredError:
                    return
                self.picks.reserved(pick.machines, sequence)
                return
        await self.answer(asked, context)


def _one_a_machine(roles: Sequence[RoleCount]) -> tuple[Wanted, ...]:
    return tuple(Wanted(role.name, role.labels) for role in roles for _ in range(role.count))
