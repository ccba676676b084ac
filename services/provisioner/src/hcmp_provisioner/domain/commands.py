"""What may be asked of a project, and what a worker may report of its run: orders, each with its facts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hcmp_contracts.project import HostFailure, HostResult, PlannedStep, RoleCount


@dataclass(frozen=True)
class Request:
    """Somebody asks for a project. `held_back`: some gate is closed, and the project waits before it."""

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
    dry_run: bool = False
    wait: bool = False
    held_back: bool = False
    needs_approval: bool = False


@dataclass(frozen=True)
class Approve:
    """An operator agrees that the project gets machines."""


@dataclass(frozen=True)
class Refuse:
    """An operator does not; `reason` is a sentence for the project's owner."""

    reason: str


@dataclass(frozen=True)
class Admit:
    """Every gate that held the project back is open."""


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
    """Go on at the failed step on the machines that are still held, or ask for others and begin anew."""

    now: datetime


@dataclass(frozen=True)
class EndHold:
    """The failed attempt's machines are not kept any longer."""

    attempt: int


@dataclass(frozen=True)
class ExtendLease:
    """Keep the project `days` longer than until now, but not more than `longest` from now on."""

    days: int
    now: datetime
    longest: timedelta


@dataclass(frozen=True)
class WarnOfLease:
    """Tell that the lease ends soon, if it does."""

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
    """Nothing of the project is left; `teardown` says how its teardown failed."""

    teardown: str | None = None


@dataclass(frozen=True)
class Erase:
    """The installation is reset: whatever the project is, it ends here."""


@dataclass(frozen=True)
class StartRun:
    """A worker takes the run of this attempt, at its first unfinished step: on `fresh` machines none is done."""

    attempt: int
    worker: str
    fresh: bool = True


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
    """A step failed, and the run with it; `log_sequence` is the last frame of the log.

    Until `held_until` the machines stay with the project, for a retry.
    """

    worker: str
    number: int
    detail: str
    log_sequence: int
    held_until: datetime | None = None
    hosts: tuple[HostResult, ...] = ()
    failures: tuple[HostFailure, ...] = ()


@dataclass(frozen=True)
class ReplaceMachines:
    """Instead of failing, a step asks for machines in the place of the `lost` ones (by id), which stay
    unreachable; the run begins anew with them.
    """

    worker: str
    number: int
    lost: tuple[str, ...]
    hosts: tuple[HostResult, ...] = ()
    failures: tuple[HostFailure, ...] = ()


@dataclass(frozen=True)
class Complete:
    """All steps are done; `log_sequence` is the last frame of the log."""

    worker: str
    log_sequence: int


@dataclass(frozen=True)
class Fail:
    """The run cannot go on for a reason that is no step's. `held_until` as in FailStep."""

    worker: str
    detail: str
    log_sequence: int
    held_until: datetime | None = None


@dataclass(frozen=True)
class LoseMachine:
    """A machine of the project is gone for good."""

    vm_id: str
    name: str
    reason: str


RunCommand = StartRun | StartStep | FinishStep | FailStep | ReplaceMachines | Complete | Fail
ProjectCommand = (
    Request
    | Approve
    | Refuse
    | Admit
    | Reject
    | RequestCancel
    | Cancel
    | RequestRetry
    | EndHold
    | ExtendLease
    | WarnOfLease
    | ExpireLease
    | StartTeardown
    | Delete
    | Erase
    | LoseMachine
    | RunCommand
)
