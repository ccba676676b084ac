"""The factory reset, the inventory's part: once all projects are gone and no run holds a machine, the machines go,
those that were added by hand cleaned, and logs and timers with them.

Every part may be done again, so that a reset that was killed half-way is simply begun anew.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.system import FactoryResetRequested
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import pool_policy, system, vm, vm_commands
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_situations import Assigned, Recycling, Reserved
from hcmp_inventory.handlers.imports import LAB
from hcmp_inventory.handlers.policies import PoolPolicies
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.ports.provider import Provider
from hcmp_inventory.ports.services import Exclusive, ProjectLogs
from hcmp_inventory.projections import policies, pool_queries, projects
from hcmp_inventory.reactors.departures import Departures

log = structlog.get_logger(__name__)

REASON = Reason.of("factory reset", "factory-reset")
SUBJECTS = ("hcmp.system.*.factory-reset-requested",)
# How long projects may take to end; after that the machines go all the same, and the provisioner ends what it
# still has when it is back.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.3
PAUSE_SECONDS = 3.0
RETIRED_AT_ONCE = 100


class ReadModelBehindError(Exception):
    """The read model does not know yet what was there when the reset was asked for."""


@dataclass(frozen=True)
class Resetting:
    store: EventStore
    pool: Pool
    projector: Projector
    providers: Mapping[str, Provider]
    exclusive: Exclusive
    logs: ProjectLogs
    resets: Resets
    rules: PoolPolicies
    departures: Departures
    patience: float = PATIENCE_SECONDS
    pause: float = PAUSE_SECONDS

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        """Carry the reset to its end, however often a part of it fails: half a reset is of no use to anybody."""
        context = Context.caused_by(recorded, service="inventory")
        forget = isinstance(recorded.event, FactoryResetRequested) and recorded.event.machines == "forget"
        while await self._is_open(recorded.sequence):
            try:
                await self._carry_out(recorded.sequence, context, forget=forget)
            except Exception:
                log.exception("reset_goes_on", pause=self.pause)
                await asyncio.sleep(self.pause)

    async def _is_open(self, sequence: int) -> bool:
        """Whether this reset has not ended; an old event that comes again resets nothing."""
        history = await self.store.load(system.DECIDER.aggregate, system.PLATFORM, at_least=sequence)
        newest = max(past.sequence for past in history if isinstance(past.event, FactoryResetRequested))
        return newest == sequence and await self.resets.in_progress()

    async def _carry_out(self, since: int, context: Context, *, forget: bool) -> None:
        await self._until_projects_are_gone(since)
        # Long before the end: a project that is granted machines behind it has its lease's timer after this.
        await self.logs.purge_timers()
        for policy in await policies.policies(self.pool):  # they would fill the pool again
            await self.rules.command(policy.policy_id, pool_policy.Remove(), context)
        if not forget:
            await self.projector.wait_for(await self.departures.send_off(REASON, context))
        await self._retire_all(context, forget=forget)
        if not forget:
            await self._destroy_all()
        await self.logs.purge()
        await self.resets.complete(
            projects=(await projects.ended_since(self.pool, since)).deleted,
            machines=await pool_queries.retired_since(self.pool, since),
            unclean=await self.departures.unclean_since(since),
            context=context,
        )

    async def _until_projects_are_gone(self, since: int) -> None:
        """Wait for the projects to be deleted, which the provisioner does itself, and for recycles to end."""
        if not await self.projector.wait_for(since, self.patience):
            raise ReadModelBehindError
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            left, held = (await projects.ended_since(self.pool, since)).left, await self._held()
            if not left and not held:
                return
            if asyncio.get_running_loop().time() > deadline:
                log.warning("reset_waits_no_longer", projects=left, machines=held)
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _held(self) -> list[str]:
        """Machines that a project or a recycle still works on, by what the log says."""
        known = await pool_queries.known(self.pool)
        busy = [vm_id for vm_id, status in known if status in ("provisioning", "assigned", "recycling")]
        states = await asyncio.gather(*(load(self.store, vm.DECIDER, vm_id) for vm_id in busy))
        return [
            loaded.state.machine.name
            for loaded in states
            if isinstance(loaded.state, Reserved | Assigned | Recycling)
        ]

    async def _retire_all(self, context: Context, *, forget: bool) -> None:
        retire = vm_commands.Retire(REASON, even_if_busy=True, forget=forget)
        while known := await pool_queries.known(self.pool):
            for start in range(0, len(known), RETIRED_AT_ONCE):
                some = known[start : start + RETIRED_AT_ONCE]
                sequence = await execute(
                    self.store, [Decision(vm.DECIDER, vm_id, retire) for vm_id, _ in some], context
                )
                await self.projector.wait_for(sequence)

    async def _destroy_all(self) -> None:
        """Destroy whatever the providers made for this installation, registered or not."""
        async with self.exclusive(LAB):
            for provider in self.providers.values():
                machines = await provider.discover()
                await asyncio.gather(*(provider.destroy(machine.provider_ref) for machine in machines))
