"""Which free machines a request shall have: picked from the read model, for the log to say whether it holds."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hcmp_contracts.allocation import GrantedMachine
from hcmp_eventstore.decider import Loaded, load
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import vm
from hcmp_inventory.domain.placing import Wanted, place
from hcmp_inventory.domain.vm_situations import Available, Vm
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.pool_queries import FreeMachine


@dataclass(frozen=True, slots=True)
class Need:
    """What a project needs that asked for it at `sequence`. What is `withheld` others wait for already; machines
    to which anything has happened behind `until` are left to a later look.
    """

    project_id: str
    wanted: tuple[Wanted, ...]
    sequence: int
    withheld: frozenset[str] = frozenset()
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """The machine for each of the wanted ones, None where there is none."""

    wanted: tuple[Wanted, ...]
    places: tuple[FreeMachine | None, ...]

    @property
    def machines(self) -> list[FreeMachine]:
        return [machine for machine in self.places if machine is not None]

    @property
    def complete(self) -> bool:
        return None not in self.places

    @property
    def granted(self) -> list[GrantedMachine]:
        """Each machine in the role that it was picked for."""
        pairs = zip(self.places, self.wanted, strict=True)
        return [granted(machine, one.role) for machine, one in pairs if machine is not None]


@dataclass
class Picks:
    """Picks of one process never overlap: `_picked` are those whose outcome is open, `_reserved` those whose event
    the read model has not seen yet. Picks of several processes may; then one of them picks again.
    """

    store: EventStore
    pool: Pool
    projector: Projector
    _picked: set[str] = field(default_factory=set)
    _reserved: dict[str, int] = field(default_factory=dict)
    _settled: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def take(self, need: Need) -> AsyncIterator[Pick]:
        """Machines that nobody else in this process is about to take: all that are needed, or as many as there
        are.

        Too few is said only when no other pick was open from before the read model was asked, and when it stands
        for all that came before the request, and for all that the log knows of the machines that it shows as free.
        """
        while True:
            position = self.projector.position
            pick, others = await self._pick(need, position)
            if pick.complete:
                break
            if others or self._picked:  # some of those may come back
                async with self._settled:
                    await self._settled.wait_for(lambda: not self._picked)
                continue
            known = max(need.sequence, await self._newest_version(pick.machines))
            if position >= known:
                break
            await self.projector.wait_for(known)
        picked = {machine.vm_id for machine in pick.machines}
        self._picked |= picked
        try:
            yield pick
        finally:
            self._picked -= picked
            async with self._settled:
                self._settled.notify_all()

    def reserved(self, picked: Sequence[FreeMachine], sequence: int) -> None:
        """These machines were reserved by the event at `sequence`."""
        self._reserved |= {machine.vm_id: sequence for machine in picked}

    async def see_what_happened_to(self, picked: Sequence[FreeMachine]) -> None:
        """Wait until the read model knows what has become of these machines."""
        await self.projector.wait_for(await self._newest_version(picked))

    async def _pick(self, need: Need, position: int) -> tuple[Pick, bool]:
        """Chosen among those from a place on that depends on the project: so that two processes seldom pick the
        same ones; and whether other picks were open then. The read model stands for `position` at least.
        """
        self._reserved = {vm_id: at for vm_id, at in self._reserved.items() if at > position}
        start = hashlib.sha256(need.project_id.encode()).hexdigest()
        labels = [one.labels for one in {repr(sorted(one.labels.items())): one for one in need.wanted}.values()]
        while True:
            others = bool(self._picked)
            taken = self._picked | self._reserved.keys() | need.withheld
            free = await pool_queries.free(
                self.pool, labels=labels, besides=taken, until=need.until, start=start, limit=len(need.wanted)
            )
            if (self._picked | self._reserved.keys()).isdisjoint(machine.vm_id for machine in free):
                break
        known = {machine.vm_id: machine for machine in free}
        chosen = place(need.wanted, {vm_id: machine.facts for vm_id, machine in known.items()})
        return Pick(need.wanted, tuple(known[vm_id] if vm_id else None for vm_id in chosen)), others

    async def _newest_version(self, machines: Sequence[FreeMachine]) -> int:
        """The place in the log of the last that happened to any of these machines."""
        loaded = await asyncio.gather(*(load(self.store, vm.DECIDER, machine.vm_id) for machine in machines))
        return max((state.version for state in loaded), default=0)


def seen(picked: Sequence[FreeMachine]) -> dict[str, Loaded[Vm]]:
    """What the read model says of these machines."""
    return {machine.vm_id: Loaded(Available(machine.facts), machine.version) for machine in picked}


def granted(machine: FreeMachine, role: str) -> GrantedMachine:
    facts = machine.facts.model_dump(include=set(GrantedMachine.model_fields))
    return GrantedMachine(vm_id=machine.vm_id, role=role, **facts)
