"""Reactions of the API process: a wish for machines that was denied, leases and their ends, a reset."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hcmp_contracts.allocation import AllocationDenied
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import LeaseExtended, ProjectRequested
from hcmp_contracts.system import FactoryResetRequested
from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import TIMERS
from hcmp_eventstore.timers import set_timer
from hcmp_provisioner.domain.commands import Cancel, Erase, ExpireLease, ProjectCommand, Reject
from hcmp_provisioner.domain.errors import (
    LeaseNotOverError,
    ProjectRunningError,
    RunCancelRequestedError,
    RunNotWantedError,
)
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.projections.project_view import projects_before

SERVICE = "provisioner"
CATCH_UP_SECONDS = 30.0

LEASE_SET = ["hcmp.project.*.requested", "hcmp.project.*.lease-extended"]
LEASE_TIMER = "hcmp.timer.lease"
LEASE_DUE = "hcmp.timer.lease-due"
# The broker's clock may be ahead of ours: a timer that is due too early is not set for the same moment again.
EARLY = timedelta(seconds=1)
# How often a lease that is over looks whether the run that it waits for has ended.
RUNNING = timedelta(seconds=5)


@dataclass(frozen=True)
class Reactions:
    store: EventStore
    projector: Projector
    pool: Pool
    clock: Callable[[], datetime]

    def reactors(self) -> tuple[Reactor, ...]:
        client = self.store.client
        return (
            Reactor(client, SERVICE, "lease-set", LEASE_SET, self.set_lease),
            Reactor(client, SERVICE, "lease-due", [f"{LEASE_DUE}.*"], self.end_lease, stream=TIMERS),
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

    async def set_lease(self, recorded: Recorded[DomainEvent]) -> None:
        """A project has a lease, or a longer one: the broker tells when it ends."""
        match recorded.event:
            case ProjectRequested(lease_expires_at=datetime() as ends_at) | LeaseExtended(after=ends_at):
                await self._set_timer(recorded, ends_at)
            case _:
                return

    async def end_lease(self, recorded: Recorded[DomainEvent]) -> None:
        """A lease was to end now; `recorded` is the event that said so. It waits for a run to end by a timer
        and not by a refusal: of those, an event has only a few until it is a dead letter.
        """
        now = self.clock()
        try:
            await self._execute(recorded, recorded.aggregate_id, ExpireLease(now))
        except LeaseNotOverError as early:
            await self._set_timer(recorded, max(early.ends_at, now + EARLY))
        except ProjectRunningError:
            await self._set_timer(recorded, now + RUNNING)

    async def erase_all(self, recorded: Recorded[DomainEvent]) -> None:
        """End every project that was asked for before the reset. Interrupted, it goes on with what is left."""
        if not isinstance(recorded.event, FactoryResetRequested):
            return
        if not await self.projector.wait_for(recorded.sequence, CATCH_UP_SECONDS):
            raise StoreUnavailableError("the read model has not caught up with the reset")
        for project_id in await projects_before(self.pool, recorded.sequence):
            await self._execute(recorded, project_id, Erase())

    async def _set_timer(self, recorded: Recorded[DomainEvent], at: datetime) -> None:
        """A project has one timer. Whichever is set last, it ends up right: it is set again when it is early."""
        await set_timer(
            self.store.client,
            name=f"{LEASE_TIMER}.{recorded.aggregate_id}",
            target=f"{LEASE_DUE}.{recorded.aggregate_id}",
            at=at,
            payload=recorded.envelope.model_dump_json().encode(),
        )

    async def _execute(self, recorded: Recorded[DomainEvent], project_id: str, command: ProjectCommand) -> None:
        context = Context.caused_by(recorded, service=SERVICE)
        await execute(self.store, [Decision(PROJECT, project_id, command)], context)
