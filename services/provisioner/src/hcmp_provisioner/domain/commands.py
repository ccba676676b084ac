"""What may be asked of a project, and what a worker may report of its run: orders, each with its facts."""

from dataclasses import dataclass
from datetime import datetime

from hcmp_contracts.project import HostFailure, HostResult, PlannedStep, RoleCount


@dataclass(frozen=True)
class Request:
    """Somebody asks for a project."""

    name: str
    owner_id: str
    owner_username: str
    template: str
    packages: tuple[str, ...]
    variables: dict[str, str]
    roles: tuple[RoleCount, ...]
    steps: tuple[PlannedStep, ...]
    lease_expires_at: datetime | None
    request_digest: str


@dataclass(frozen=True)
class Reject:
    """There are not enough machines for this attempt."""

    attempt: int
    needed: int
    available: int


@dataclass(frozen=True)
class RequestCancel:
    """Stop the run, or the wait for machines."""


@dataclass(frozen=True)
class Cancel:
    """The run has been stopped, nothing of it is left; `log_sequence` is the last frame of its log."""

    attempt: int
    log_sequence: int


@dataclass(frozen=True)
class RequestRetry:
    """Ask for machines once more."""


@dataclass(frozen=True)
class ExtendLease:
    """Keep the project `days` longer than until now."""

    days: int
    now: datetime


@dataclass(frozen=True)
class ExpireLease:
    """Take the project down, if its lease is over."""

    now: datetime


@dataclass(frozen=True)
class StartTeardown:
    reason: str


@dataclass(frozen=True)
class Delete:
    """Nothing of the project is left."""


@dataclass(frozen=True)
class Erase:
    """The installation is reset: whatever the project is, it ends here."""


@dataclass(frozen=True)
class StartRun:
    """A worker takes the run of this attempt, at its first unfinished step."""

    attempt: int
    worker: str


@dataclass(frozen=True)
class StartStep:
    worker: str
    number: int


@dataclass(frozen=True)
class FinishStep:
    worker: str
    number: int
    hosts: tuple[HostResult, ...] = ()


@dataclass(frozen=True)
class FailStep:
    """A step failed, and the run with it; `log_sequence` is the last frame of the log."""

    worker: str
    number: int
    detail: str
    log_sequence: int
    hosts: tuple[HostResult, ...] = ()
    failures: tuple[HostFailure, ...] = ()


@dataclass(frozen=True)
class Complete:
    """All steps are done; `log_sequence` is the last frame of the log."""

    worker: str
    log_sequence: int


@dataclass(frozen=True)
class Fail:
    """The run cannot go on for a reason that is no step's."""

    worker: str
    detail: str
    log_sequence: int


RunCommand = StartRun | StartStep | FinishStep | FailStep | Complete | Fail
ProjectCommand = (
    Request
    | Reject
    | RequestCancel
    | Cancel
    | RequestRetry
    | ExtendLease
    | ExpireLease
    | StartTeardown
    | Delete
    | Erase
    | RunCommand
)
