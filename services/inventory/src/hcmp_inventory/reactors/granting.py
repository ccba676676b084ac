"""Projects that ask for machines get them, all or none."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hcmp_contracts.allocation import GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectRequested, RetryRequested, RoleCount
from hcmp_eventstore.decider import Loaded, load
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.domain import allocation, vm, vm_errors
from hcmp_inventory.domain.vm_situations import Available, Vm
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.pool_queries import FreeMachine

SUBJECTS = ("hcmp.project.*.requested", "hcmp.project.*.retry-requested")
MAX_PICKS = 20


class ContendedError(Exception):
    """Others were always faster: the request is taken up again later."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a project asks for: one machine a role, roles repeated by their count."""

    attempt: Attempt
    roles: tuple[str, ...]
    sequence: int

    @classmethod
    def of(cls, recorded: Recorded[DomainEvent]) -> "Asked":
        event = recorded.event
        if not isinstance(event, ProjectRequested | RetryRequested):
            raise TypeError(event.event_type)
        number = event.attempt if isinstance(event, RetryRequested) else 1
        attempt = Attempt(recorded.aggregate_id, event.owner_id, number)
        return cls(attempt, _one_a_machine(event.roles), recorded.sequence)


@dataclass
class Granting:
    """Picks from the read model, and lets the versions in the log decide whether the pick holds.

    Picks of one process never overlap: `_picked` are those whose outcome is open, `_reserved` those whose
    event the read model has not seen yet. Picks of several processes may; then one of them picks again.
    """

    allocations: Allocations
    pool: Pool
    projector: Projector
    resets: Resets
    _picked: set[str] = field(default_factory=set)
    _reserved: dict[str, int] = field(default_factory=dict)
    _settled: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        asked = Asked.of(recorded)
        context = Context.caused_by(recorded, service="inventory")
        for _ in range(MAX_PICKS):
            try:
                if await self._try(asked, context):
                    return
            except allocation.AttemptAnsweredError:
                return
            except allocation.StillHeldError as held:
                await self.allocations.release(asked.attempt.project_id, held.attempt, "retry", context)
        raise ContendedError

    async def _try(self, asked: Asked, context: Context) -> bool:
        """Answer the project; False when somebody else took what was picked."""
        if await self.resets.in_progress():  # every machine is about to go
            await self.allocations.deny(asked.attempt, needed=len(asked.roles), available=0, context=context)
            return True
        async with self._pick(asked) as picked:
            if len(picked) < len(asked.roles):
                needed, available = len(asked.roles), len(picked)
                await self.allocations.deny(asked.attempt, needed=needed, available=available, context=context)
                return True
            granted = [_granted(machine, role) for machine, role in zip(picked, asked.roles, strict=True)]
            try:
                sequence = await self.allocations.grant(asked.attempt, granted, context, seen=_seen(picked))
            except (vm_errors.VmNotAvailableError, ConcurrencyError):
                await self._see_what_happened_to(picked)
                return False
            self._reserved |= {machine.vm_id: sequence for machine in picked}
            return True

    @asynccontextmanager
    async def _pick(self, asked: Asked) -> AsyncIterator[Sequence[FreeMachine]]:
        """Enough machines that nobody else in this process is about to take, or all when they are too few.

        Too few is said only when no other pick is open and the read model stands for all that came before the
        request, and for all that the log knows of the machines that it shows as free.
        """
        while True:
            position = self.projector.position
            if len(chosen := await self._free(asked, position)) == len(asked.roles):
                break
            if self._picked:
                async with self._settled:
                    await self._settled.wait_for(lambda: not self._picked)
                continue
            known = max(asked.sequence, await self._newest_version(chosen))
            if position >= known:
                break
            await self.projector.wait_for(known)
        self._picked |= {machine.vm_id for machine in chosen}
        try:
            yield chosen
        finally:
            self._picked -= {machine.vm_id for machine in chosen}
            async with self._settled:
                self._settled.notify_all()

    async def _free(self, asked: Asked, position: int) -> Sequence[FreeMachine]:
        """As many machines as are asked for, if there are, from a place that depends on the project: so that two
        processes seldom pick the same ones. The read model stands for `position` at least.
        """
        self._reserved = {vm_id: at for vm_id, at in self._reserved.items() if at > position}
        start = hashlib.sha256(asked.attempt.project_id.encode()).hexdigest()
        while True:
            taken = self._picked | self._reserved.keys()
            free = await pool_queries.free(self.pool, besides=taken, start=start, limit=len(asked.roles))
            if (self._picked | self._reserved.keys()).isdisjoint(machine.vm_id for machine in free):
                return free

    async def _see_what_happened_to(self, picked: Sequence[FreeMachine]) -> None:
        """Wait until the read model knows what has become of these machines."""
        await self.projector.wait_for(await self._newest_version(picked))

    async def _newest_version(self, machines: Sequence[FreeMachine]) -> int:
        """The place in the log of the last that happened to any of these machines."""
        store = self.allocations.store
        loaded = await asyncio.gather(*(load(store, vm.DECIDER, machine.vm_id) for machine in machines))
        return max((state.version for state in loaded), default=0)


def _one_a_machine(roles: Sequence[RoleCount]) -> tuple[str, ...]:
    return tuple(role.name for role in roles for _ in range(role.count))


def _seen(picked: Sequence[FreeMachine]) -> dict[str, Loaded[Vm]]:
    """What the read model says of these machines."""
    return {machine.vm_id: Loaded(Available(machine.facts), machine.version) for machine in picked}


def _granted(machine: FreeMachine, role: str) -> GrantedMachine:
    facts = machine.facts.model_dump(include=set(GrantedMachine.model_fields))
    return GrantedMachine(vm_id=machine.vm_id, role=role, **facts)
