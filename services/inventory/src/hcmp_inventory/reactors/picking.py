"""Which free machines a request shall have: picked from the read model, for the log to say whether it holds."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hcmp_eventstore.decider import load
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import vm
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.pool_queries import FreeMachine


@dataclass(frozen=True, slots=True)
class Need:
    """So many machines for a project that asked for them at `sequence`."""

    project_id: str
    count: int
    sequence: int


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
    async def take(self, need: Need) -> AsyncIterator[Sequence[FreeMachine]]:
        """Enough machines that nobody else in this process is about to take, or all when they are too few.

        Too few is said only when no other pick is open and the read model stands for all that came before the
        request, and for all that the log knows of the machines that it shows as free.
        """
        while True:
            position = self.projector.position
            if len(chosen := await self._free(need, position)) == need.count:
                break
            if self._picked:
                async with self._settled:
                    await self._settled.wait_for(lambda: not self._picked)
                continue
            known = max(need.sequence, await self._newest_version(chosen))
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

    def reserved(self, picked: Sequence[FreeMachine], sequence: int) -> None:
        """These machines were reserved by the event at `sequence`."""
        self._reserved |= {machine.vm_id: sequence for machine in picked}

    async def see_what_happened_to(self, picked: Sequence[FreeMachine]) -> None:
        """Wait until the read model knows what has become of these machines."""
        await self.projector.wait_for(await self._newest_version(picked))

    async def _free(self, need: Need, position: int) -> Sequence[FreeMachine]:
        """As many machines as are needed, if there are, from a place that depends on the project: so that two
        processes seldom pick the same ones. The read model stands for `position` at least.
        """
        self._reserved = {vm_id: at for vm_id, at in self._reserved.items() if at > position}
        start = hashlib.sha256(need.project_id.encode()).hexdigest()
        while True:
            taken = self._picked | self._reserved.keys()
            free = await pool_queries.free(self.pool, besides=taken, start=start, limit=need.count)
            if (self._picked | self._reserved.keys()).isdisjoint(machine.vm_id for machine in free):
                return free

    async def _newest_version(self, machines: Sequence[FreeMachine]) -> int:
        """The place in the log of the last that happened to any of these machines."""
        loaded = await asyncio.gather(*(load(self.store, vm.DECIDER, machine.vm_id) for machine in machines))
        return max((state.version for state in loaded), default=0)
