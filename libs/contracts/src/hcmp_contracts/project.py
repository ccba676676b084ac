"""Facts about projects and the runs that configure their machines."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from hcmp_contracts.envelope import DomainEvent, Fact


class RoleCount(Fact):
    """So many machines of a project play this role; each must carry these labels."""

    name: str
    count: int
    labels: dict[str, str] = Field(default_factory=dict)


class PlannedStep(Fact):
    """A step of the template as it was when the run was planned; numbers begin at 1."""

    number: int
    name: str
    play: str


class HostResult(Fact):
    """How many tasks of one step ended how on one machine; `changed_tasks` names the first few that changed it."""

    vm: str
    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    changed_tasks: list[str] = Field(default_factory=list)


class HostFailure(Fact):
    """Why a step failed on one machine, in Ansible's words."""

    vm: str
    task: str
    reason: str
    unreachable: bool = False


class ProjectRequested(DomainEvent):
    """Someone asked for machines. `request_digest` tells a repeated request from another of the same key.

    `held_back`: no machine is granted before `admitted`, nor that before `approved` when it `needs_approval`.
    `wait`: what is missing is waited for. `dry_run`: Ansible only shows what it would change.
    """

    event_type: ClassVar[str] = "hcmp.project.requested.v1"
    name: str
    owner_id: str
    owner_username: str
    template: str
    packages: list[str]
    variables: dict[str, str] = Field(default_factory=dict)
    roles: list[RoleCount]
    steps: list[PlannedStep]
    lease_expires_at: datetime | None = None
    request_digest: str = ""
    dry_run: bool = False
    wait: bool = False
    held_back: bool = False
    needs_approval: bool = False


class ProjectApproved(DomainEvent):
    """An operator, the envelope's actor, agrees to the request."""

    event_type: ClassVar[str] = "hcmp.project.approved.v1"


class ProjectAdmitted(DomainEvent):
    """A request that was held back may have machines now: nothing but capacity stands in its way."""

    event_type: ClassVar[str] = "hcmp.project.admitted.v1"
    attempt: int
    owner_id: str
    roles: list[RoleCount]
    wait: bool


class ProjectRejected(DomainEvent):
    """`reason` is a problem slug, such as `insufficient-capacity`."""

    event_type: ClassVar[str] = "hcmp.project.rejected.v1"
    reason: str
    detail: str
    needed: int
    available: int


class ProvisioningStarted(DomainEvent):
    """A worker took the run. `attempt` counts grants of machines, `first_step` is where it (re)starts."""

    event_type: ClassVar[str] = "hcmp.project.provisioning-started.v1"
    attempt: int
    worker: str
    first_step: int


class StepStarted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.step-started.v1"
    number: int
    name: str
    attempt: int


class StepSucceeded(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.step-succeeded.v1"
    number: int
    name: str
    attempt: int
    hosts: list[HostResult] = Field(default_factory=list)


class StepFailed(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.step-failed.v1"
    number: int
    name: str
    attempt: int
    hosts: list[HostResult] = Field(default_factory=list)
    failures: list[HostFailure] = Field(default_factory=list)


class ProjectProvisioned(DomainEvent):
    """`log_sequence` is the last frame of the run's log: a viewer has all of it before the end is told.

    After a `dry_run` nothing was changed, and the project keeps no machine.
    """

    event_type: ClassVar[str] = "hcmp.project.provisioned.v1"
    attempt: int
    log_sequence: int
    dry_run: bool = False


class ProvisioningFailed(DomainEvent):
    """`reason` is a slug: `step-failed`, `run-failed`. `step` is absent when no step had begun.

    Until `held_until` the project keeps its machines, so that a retry can go on where this run ended.
    """

    event_type: ClassVar[str] = "hcmp.project.provisioning-failed.v1"
    attempt: int
    reason: str
    detail: str
    step: int | None = None
    failures: list[HostFailure] = Field(default_factory=list)
    log_sequence: int
    held_until: datetime | None = None


class HoldEnded(DomainEvent):
    """Nobody retried in time: the machines of the failed attempt are given back."""

    event_type: ClassVar[str] = "hcmp.project.hold-ended.v1"
    attempt: int


class CancelRequested(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.cancel-requested.v1"


class ProjectCancelled(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.cancelled.v1"
    finished_steps: list[int] = Field(default_factory=list)
    log_sequence: int


class RetryRequested(DomainEvent):
    """The project asks for machines once more: for those that it still has (`keep_machines`), or for others.

    Of the kept ones, those in `lost` (by id) stayed unreachable and are to be replaced.
    """

    event_type: ClassVar[str] = "hcmp.project.retry-requested.v1"
    attempt: int
    owner_id: str
    roles: list[RoleCount]
    wait: bool = False
    keep_machines: bool = False
    lost: list[str] = Field(default_factory=list)


class MachineLost(DomainEvent):
    """A machine of the project left the pool for good, deleted by others in its provider for one."""

    event_type: ClassVar[str] = "hcmp.project.machine-lost.v1"
    vm_id: str
    name: str
    reason: str


class LeaseExtended(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.lease-extended.v1"
    before: datetime | None
    after: datetime


class LeaseWarning(DomainEvent):
    """The lease ends in so many hours or less, unless it is extended."""

    event_type: ClassVar[str] = "hcmp.project.lease-warning.v1"
    ends_at: datetime
    hours: int


class LeaseExpired(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.lease-expired.v1"


class TeardownStarted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.project.teardown-started.v1"
    reason: str


class ProjectDeleted(DomainEvent):
    """`teardown` says how the template's teardown failed, which keeps no project from being deleted."""

    event_type: ClassVar[str] = "hcmp.project.deleted.v1"
    teardown: str | None = None


ProjectEvent = (
    ProjectRequested
    | ProjectApproved
    | ProjectAdmitted
    | ProjectRejected
    | ProvisioningStarted
    | StepStarted
    | StepSucceeded
    | StepFailed
    | ProjectProvisioned
    | ProvisioningFailed
    | HoldEnded
    | CancelRequested
    | ProjectCancelled
    | RetryRequested
    | MachineLost
    | LeaseExtended
    | LeaseWarning
    | LeaseExpired
    | TeardownStarted
    | ProjectDeleted
)
