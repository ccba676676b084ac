"""How long a project may keep its machines, and when its people are warned that this ends. Pure."""

from datetime import datetime, timedelta
from typing import assert_never

from hcmp_contracts.project import LeaseExtended, LeaseWarning, ProjectEvent
from hcmp_provisioner.domain.commands import ExtendLease, WarnOfLease
from hcmp_provisioner.domain.errors import (
    LeaseLimitError,
    LeaseWarningEarlyError,
    NoLeaseError,
    UnknownProjectError,
)
from hcmp_provisioner.domain.project_state import (
    Cancelled,
    Cancelling,
    Completed,
    Configuring,
    Deleted,
    Deleting,
    Failed,
    HeldBack,
    Project,
    Rejected,
    Requested,
    Unknown,
    status_of,
)

# How many hours before its end a lease is warned of, the earliest first.
WARNINGS = (24, 1)


def first_lease(days: int, *, now: datetime, longest: timedelta) -> datetime:
    """When a lease of so many days ends. Raises LeaseLimitError."""
    return _within(now + timedelta(days=days), now + longest)


def extend_lease(command: ExtendLease, project: Project) -> list[ProjectEvent]:
    match project:
        case HeldBack() | Requested() | Configuring() | Cancelling() | Completed() | Failed() | Cancelled():
            before = project.details.lease_expires_at
            start = max(before, command.now) if before else command.now
            after = _within(start + timedelta(days=command.days), command.now + command.longest)
            return [LeaseExtended(before=before, after=after)]
        case Unknown():
            raise UnknownProjectError
        case Rejected() | Deleting() | Deleted():
            raise NoLeaseError(status_of(project))
        case _:
            assert_never(project)


def warn_of_lease(command: WarnOfLease, project: Project) -> list[ProjectEvent]:
    """A project that holds nothing any more is not warned of, nor one whose lease is over."""
    match project:
        case HeldBack() | Requested() | Configuring() | Cancelling() | Completed():
            ends_at, warned = project.details.lease_expires_at, project.details.lease_warned
        case Unknown() | Failed() | Cancelled() | Rejected() | Deleting() | Deleted():
            return []
        case _:
            assert_never(project)
    if ends_at is None or ends_at <= command.now:
        return []
    due = [hours for hours in WARNINGS if warning_at(ends_at, hours) <= command.now]
    if not due:
        raise LeaseWarningEarlyError(warning_at(ends_at, WARNINGS[0]), WARNINGS[0])
    if warned is not None and warned <= due[-1]:
        return []
    return [LeaseWarning(ends_at=ends_at, hours=due[-1])]


def warning_at(ends_at: datetime, hours: int) -> datetime:
    """When the warning so many hours before the end is due."""
    return ends_at - timedelta(hours=hours)


def _within(ends_at: datetime, latest: datetime) -> datetime:
    if ends_at > latest:
        raise LeaseLimitError(latest)
    return ends_at
