"""Projects that ask for machines get them, all or none; whoever waits for them does so in the pool's queue."""

from collections.abc import Sequence
from dataclasses import dataclass

from hcmp_contracts.allocation import GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectAdmitted, ProjectRequested, RetryRequested, RoleCount
from hcmp_eventstore.decider import Loaded
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.domain import allocation, vm_errors
from hcmp_inventory.domain.vm_situations import Available, Vm
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.projections.pool_queries import FreeMachine
from hcmp_inventory.reactors.picking import Need, Picks

SUBJECTS = ("hcmp.project.*.requested", "hcmp.project.*.admitted", "hcmp.project.*.retry-requested")
MAX_PICKS = 20


class ContendedError(Exception):
    """Others were always faster: the request is taken up again later."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a project asks for: one machine a role, roles repeated by their count. Without `wait` it is answered
    at once, even if there are too few.
    """

    attempt: Attempt
    roles: tuple[str, ...]
    sequence: int
    wait: bool

    @classmethod
    def of(cls, recorded: Recorded[DomainEvent]) -> "Asked":
        event = recorded.event
        if not isinstance(event, ProjectRequested | ProjectAdmitted | RetryRequested):
            raise TypeError(event.event_type)
        number = 1 if isinstance(event, ProjectRequested) else event.attempt
        attempt = Attempt(recorded.aggregate_id, event.owner_id, number)
        return cls(attempt, _one_a_machine(event.roles), recorded.sequence, event.wait)

    @property
    def need(self) -> Need:
        return Need(self.attempt.project_id, len(self.roles), self.sequence)


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

    async def answer(self, asked: Asked, context: Context) -> bool:
        """Grant, queue or deny; whether the request has its answer now, which a queued one has not."""
        for _ in range(MAX_PICKS):
            try:
                if (answered := await self._try(asked, context)) is not None:
                    return answered
            except allocation.AttemptAnsweredError:
                return True
            except allocation.StillHeldError as held:
                await self.allocations.release(asked.attempt.project_id, held.attempt, "retry", context)
        raise ContendedError

    async def _try(self, asked: Asked, context: Context) -> bool | None:
        """As `answer`; None when somebody else took what was picked."""
        if await self.resets.in_progress():  # every machine is about to go
            await self.allocations.deny(asked.attempt, needed=len(asked.roles), available=0, context=context)
            return True
        async with self.picks.take(asked.need) as picked:
            if len(picked) < len(asked.roles):
                return await self._too_few(asked, len(picked), context)
            machines = [granted(machine, role) for machine, role in zip(picked, asked.roles, strict=True)]
            try:
                sequence = await self.allocations.grant(asked.attempt, machines, context, seen=seen(picked))
            except (vm_errors.VmNotAvailableError, ConcurrencyError):
                await self.picks.see_what_happened_to(picked)
                return None
            self.picks.reserved(picked, sequence)
            return True

    async def _too_few(self, asked: Asked, available: int, context: Context) -> bool:
        if asked.wait:
            await self.allocations.queue(asked.attempt, asked.roles, available, context)
            return False
        await self.allocations.deny(asked.attempt, needed=len(asked.roles), available=available, context=context)
        return True

    async def _keep(self, asked: Asked, lost: frozenset[str], context: Context) -> None:
        """Give the project the machines that it holds once more, and others for those that it lost. When it holds
        none any more, or too few others are free, it asks as if for the first time.
        """
        for _ in range(MAX_PICKS):
            held = await self.allocations.state(asked.attempt.project_id)
            if not isinstance(held, allocation.Granted) or held.attempt >= asked.attempt.number:
                break
            kept = [machine for machine in held.granted if machine.vm_id not in lost]
            roles = [machine.role for machine in held.granted if machine.vm_id in lost]
            async with self.picks.take(Need(asked.attempt.project_id, len(roles), asked.sequence)) as picked:
                if len(picked) < len(roles):
                    break
                others = [granted(machine, role) for machine, role in zip(picked, roles, strict=True)]
                try:
                    sequence = await self.allocations.regrant(asked.attempt, held, kept, others, context)
                except (vm_errors.VmNotAvailableError, ConcurrencyError, allocation.AllocationMovedError):
                    await self.picks.see_what_happened_to(picked)
                    continue
                except allocation.AttemptAnsweredError:
                    return
                self.picks.reserved(picked, sequence)
                return
        await self.answer(asked, context)


def _one_a_machine(roles: Sequence[RoleCount]) -> tuple[str, ...]:
    return tuple(role.name for role in roles for _ in range(role.count))


def seen(picked: Sequence[FreeMachine]) -> dict[str, Loaded[Vm]]:
    """What the read model says of these machines."""
    return {machine.vm_id: Loaded(Available(machine.facts), machine.version) for machine in picked}


def granted(machine: FreeMachine, role: str) -> GrantedMachine:
    facts = machine.facts.model_dump(include=set(GrantedMachine.model_fields))
    return GrantedMachine(vm_id=machine.vm_id, role=role, **facts)
