"""Warnings that a lease ends: the broker keeps a timer for each, set by the events that set the lease."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import LeaseExtended, ProjectRequested
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.timers import set_timer
from hcmp_provisioner.domain.commands import WarnOfLease
from hcmp_provisioner.domain.errors import LeaseWarningEarlyError
from hcmp_provisioner.domain.lease import WARNINGS, warning_at
from hcmp_provisioner.reactors.commanding import command
from hcmp_provisioner.reactors.leases import EARLY

WARNING_TIMER = "hcmp.timer.lease-warning"
WARNING_DUE = "hcmp.timer.lease-warning-due"


@dataclass(frozen=True)
class LeaseWarnings:
    store: EventStore
    clock: Callable[[], datetime]

    async def set(self, recorded: Recorded[DomainEvent]) -> None:
        """A project has a lease, or a longer one. Whoever chose one that ends sooner than a warning is due needs
        no such warning.
        """
        match recorded.event:
            case ProjectRequested(lease_expires_at=datetime() as ends_at) | LeaseExtended(after=ends_at):
                for hours in WARNINGS:
                    if (at := warning_at(ends_at, hours)) > self.clock():
                        await self._set_timer(recorded, at, hours)
            case _:
                return

    async def warn(self, recorded: Recorded[DomainEvent]) -> None:
        """A warning was to be due now; `recorded` is the event that set the lease. It may have been extended
        since, and the broker's clock may be ahead of ours.
        """
        now = self.clock()
        try:
            await command(self.store, recorded, recorded.aggregate_id, WarnOfLease(now))
        except LeaseWarningEarlyError as early:
            await self._set_timer(recorded, max(early.due_at, now + EARLY), early.hours)

    async def _set_timer(self, recorded: Recorded[DomainEvent], at: datetime, hours: int) -> None:
        await set_timer(
            self.store.client,
            name=f"{WARNING_TIMER}.{hours}.{recorded.aggregate_id}",
            target=f"{WARNING_DUE}.{hours}.{recorded.aggregate_id}",
            at=at,
            payload=recorded.envelope.model_dump_json().encode(),
        )
