"""Reactions of the API process: a wish for machines that was denied, and a reset of the installation."""

from dataclasses import dataclass

from hcmp_contracts.allocation import AllocationDenied
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.system import FactoryResetRequested
from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import Cancel, Erase, ProjectCommand, Reject
from hcmp_provisioner.domain.errors import RunCancelRequestedError, RunNotWantedError
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.projections.project_view import projects_before

SERVICE = "provisioner"
CATCH_UP_SECONDS = 30.0


@dataclass(frozen=True)
class Reactions:
    store: EventStore
    projector: Projector
    pool: Pool

    def reactors(self) -> tuple[Reactor, Reactor]:
        client = self.store.client
        return (
            Reactor(client, SERVICE, "allocation-denied", ["hcmp.allocation.*.denied"], self.reject),
            Reactor(client, SERVICE, "factory-reset", ["hcmp.system.*.factory-reset-requested"], self.erase_all),
        )

    async def reject(self, recorded: Recorded[DomainEvent]) -> None:
        """No machines: the project is rejected, or cancelled when that was asked for meanwhile."""
        if not isinstance(recorded.event, AllocationDenied):
            return
        denied, project_id = recorded.event, recorded.aggregate_id
        try:
            await self._execute(recorded, project_id, Reject(denied.attempt, denied.needed, denied.available))
        except RunCancelRequestedError:
            log = await open_log(self.store.client, project_id)
            await self._execute(recorded, project_id, Cancel(denied.attempt, log.sequence))
        except RunNotWantedError:
            return

    async def erase_all(self, recorded: Recorded[DomainEvent]) -> None:
        """End every project that was asked for before the reset. Interrupted, it goes on with what is left."""
        if not isinstance(recorded.event, FactoryResetRequested):
            return
        if not await self.projector.wait_for(recorded.sequence, CATCH_UP_SECONDS):
            raise StoreUnavailableError("the read model has not caught up with the reset")
        for project_id in await projects_before(self.pool, recorded.sequence):
            await self._execute(recorded, project_id, Erase())

    async def _execute(self, recorded: Recorded[DomainEvent], project_id: str, command: ProjectCommand) -> None:
        context = Context.caused_by(recorded, service=SERVICE)
        await execute(self.store, [Decision(PROJECT, project_id, command)], context)
