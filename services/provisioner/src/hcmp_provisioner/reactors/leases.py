"""Leases and their ends: the broker keeps one timer a project, set by the project's own events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import LeaseExtended, ProjectRequested
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.timers import set_timer
from hcmp_provisioner.domain.commands import ExpireLease, RequestCancel
from hcmp_provisioner.domain.errors import LeaseNotOverError, ProjectRunningError
from hcmp_provisioner.reactors.commanding import command

SET_BY = ("hcmp.project.*.requested", "hcmp.project.*.lease-extended")
LEASE_TIMER = "hcmp.timer.lease"
LEASE_DUE = "hcmp.timer.lease-due"
# The broker's clock may be ahead of ours: a timer that is due too early is not set for the same moment again.
EARLY = timedelta(seconds=1)
# How often a lease that is over looks whether the run that it waits for has ended.
RUNNING = timedelta(seconds=5)


@dataclass(frozen=True)
class Leases:
    store: EventStore
    clock: Callable[[], datetime]

    async def set(self, recorded: Recorded[DomainEvent]) -> None:
        """A project has a lease, or a longer one: the broker tells when it ends."""
        match recorded.event:
            case ProjectRequested(lease_expires_at=datetime() as ends_at) | LeaseExtended(after=ends_at):
                await self._set_timer(recorded, ends_at)
            case _:
                return

    async def end(self, recorded: Recorded[DomainEvent]) -> None:
        """A lease was to end now; `recorded` is the event that said so. It waits for a run to end by a timer
        and not by a refusal: of those, an event has only a few until it is a dead letter. A request that only
        waits would wait in vain: it is cancelled.
        """
        now = self.clock()
        try:
            await command(self.store, recorded, recorded.aggregate_id, ExpireLease(now))
        except LeaseNotOverError as early:
            await self._set_timer(recorded, max(early.ends_at, now + EARLY))
        except ProjectRunningError as running:
            if running.status == "requested":
                await command(self.store, recorded, recorded.aggregate_id, RequestCancel())
            await self._set_timer(recorded, now + RUNNING)

    async def _set_timer(self, recorded: Recorded[DomainEvent], at: datetime) -> None:
        """A project has one timer. Whichever is set last, it ends up right: it is set again when it is early."""
        await set_timer(
            self.store.client,
            name=f"{LEASE_TIMER}.{recorded.aggregate_id}",
            target=f"{LEASE_DUE}.{recorded.aggregate_id}",
            at=at,
            payload=recorded.envelope.model_dump_json().encode(),
        )
