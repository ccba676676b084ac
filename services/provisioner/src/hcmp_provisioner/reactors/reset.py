"""A factory reset ends every project that was asked for before it."""

from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.system import FactoryResetRequested
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import Erase
from hcmp_provisioner.projections.project_view import projects_before
from hcmp_provisioner.reactors.commanding import command

SUBJECTS = ("hcmp.system.*.factory-reset-requested",)


@dataclass(frozen=True)
class Reset:
    store: EventStore
    projector: Projector
    pool: Pool

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        """Interrupted, it goes on with what is left."""
        if not isinstance(recorded.event, FactoryResetRequested):
            return
        await self.projector.require(recorded.sequence)
        for project_id in await projects_before(self.pool, recorded.sequence):
            await command(self.store, recorded, project_id, Erase())
