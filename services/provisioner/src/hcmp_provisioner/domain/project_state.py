"""What a project can be: one situation at a time, and how each fact leads to the next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from hcmp_contracts.project import (
    CancelRequested,
    HoldEnded,
    LeaseExpired,
    LeaseExtended,
    LeaseWarning,
    MachineLost,
    PlannedStep,
    ProjectAdmitted,
    ProjectApproved,
    ProjectCancelled,
    ProjectDeleted,
    ProjectEvent,
    ProjectProvisioned,
    ProjectRejected,
    ProjectRequested,
    ProvisioningFailed,
    ProvisioningStarted,
    RetryRequested,
    RoleCount,
    StepFailed,
    StepStarted,
    StepSucceeded,
    TeardownStarted,
)


@dataclass(frozen=True)
class Details:
    """What was asked for, how often machines were asked for (`attempt`), and how often because some were lost.

    `lost_machines` are gone for good. `lease_warned` is how many hours before the end of this lease it was last
    warned of.
    """

    name: str
    owner_id: str
    template: str
    packages: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    roles: tuple[RoleCount, ...]
    steps: tuple[PlannedStep, ...]
    request_digest: str
    lease_expires_at: datetime | None
    lease_warned: int | None = None
    dry_run: bool = False
    wait: bool = False
    attempt: int = 1
    replacements: int = 0
    lost_machines: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Unknown:
    """Nothing was ever asked for under this id."""


@dataclass(frozen=True)
class HeldBack:
    """Waits before a gate: for an operator when it `needs_approval`, for quota or the end of maintenance."""

    details: Details
    needs_approval: bool


@dataclass(frozen=True)
class Requested:
    """Waits for machines, or for a worker to take the machines it got. The steps 1 to `finished` are done, if
    the machines are those of the attempt before.
    """

    details: Details
    finished: int = 0


@dataclass(frozen=True)
class Configuring:
    """`worker` runs it; the steps 1 to `finished` are done, `running` is being done."""

    details: Details
    worker: str
    finished: int = 0
    running: int | None = None


@dataclass(frozen=True)
class Cancelling:
    """Whoever has the run (nobody yet, when `worker` is None) is to stop it."""

    details: Details
    worker: str | None
    finished: int


@dataclass(frozen=True)
class Completed:
    details: Details


@dataclass(frozen=True)
class Failed:
    """`held_until` while the project keeps its machines, on which the steps 1 to `finished` are done."""

    details: Details
    finished: int = 0
    held_until: datetime | None = None


@dataclass(frozen=True)
class Cancelled:
    details: Details


@dataclass(frozen=True)
class Rejected:
    """Never had a machine."""

    details: Details


@dataclass(frozen=True)
class Deleting:
    details: Details


@dataclass(frozen=True)
class Deleted:
    details: Details


Known = (
    HeldBack
    | Requested
    | Configuring
    | Cancelling
    | Completed
    | Failed
    | Cancelled
    | Rejected
    | Deleting
    | Deleted
)
Project = Unknown | Known

_ENDINGS: dict[type[ProjectEvent], Callable[[Details], Project]] = {
    ProjectProvisioned: Completed,
    ProjectCancelled: Cancelled,
    TeardownStarted: Deleting,
    ProjectDeleted: Deleted,
}


def status_of(project: Project) -> str:
    """The situation in the words of the public interface."""
    match project:
        case Unknown():
            return "unknown"
        case HeldBack() | Cancelling(worker=None):
            return "requested"
        case Cancelling():
            return "configuring"
        case _:
            return type(project).__name__.lower()


def evolve(project: Project, event: ProjectEvent) -> Project:  # noqa: C901, PLR0911, PLR0912 - one line a fact
    """The situation after one more fact."""
    if isinstance(event, ProjectRequested):
        return HeldBack(_details(event), event.needs_approval) if event.held_back else Requested(_details(event))
    if isinstance(project, Unknown):
        raise TypeError(f"a project's history begins with a request, not with {event.event_type}")
    match event:
        case ProjectApproved():
            return HeldBack(project.details, needs_approval=False)
        case ProjectAdmitted():
            return Requested(project.details)
        case ProvisioningStarted() | StepStarted() | StepSucceeded() | StepFailed():
            return _evolve_run(project, event)
        case CancelRequested():
            return _cancelling(project)
        case RetryRequested():
            return _retried(project, event)
        case ProvisioningFailed(held_until=held_until):
            return Failed(project.details, _finished(project), held_until)
        case HoldEnded():
            return Failed(project.details)
        case ProjectRejected():
            # A retry that found no machines leaves the project what it was: without a working run.
            return Rejected(project.details) if project.details.attempt == 1 else Failed(project.details)
        case LeaseExtended(after=after):
            return replace(project, details=replace(project.details, lease_expires_at=after, lease_warned=None))
        case LeaseWarning(hours=hours):
            return replace(project, details=replace(project.details, lease_warned=hours))
        case MachineLost(vm_id=vm_id):
            lost = project.details.lost_machines | {vm_id}
            return replace(project, details=replace(project.details, lost_machines=lost))
        case LeaseExpired():
            return project
        case ProjectProvisioned() | ProjectCancelled() | TeardownStarted() | ProjectDeleted():
            return _ENDINGS[type(event)](project.details)
        case _:
            assert_never(event)


def _evolve_run(project: Known, event: ProvisioningStarted | StepStarted | StepSucceeded | StepFailed) -> Project:
    match event:
        case ProvisioningStarted(worker=worker, first_step=first_step):
            return Configuring(project.details, worker, first_step - 1)
        case StepStarted(number=number) if isinstance(project, Configuring):
            return replace(project, running=number)
        case StepSucceeded(number=number) if isinstance(project, Configuring):
            return replace(project, finished=number, running=None)
        case _:
            return project


def _retried(project: Known, event: RetryRequested) -> Requested:
    details = replace(
        project.details,
        attempt=event.attempt,
        lost_machines=frozenset(),
        replacements=project.details.replacements + bool(event.lost),
    )
    kept_as_it_was = event.keep_machines and not event.lost
    return Requested(details, _finished(project) if kept_as_it_was else 0)


def _finished(project: Known) -> int:
    return project.finished if isinstance(project, Configuring | Failed) else 0


def _cancelling(project: Known) -> Project:
    match project:
        case Configuring(details=details, worker=worker, finished=finished):
            return Cancelling(details, worker, finished)
        case Requested(details=details, finished=finished):
            return Cancelling(details, None, finished)
        case _:
            return Cancelling(project.details, None, 0)


def _details(event: ProjectRequested) -> Details:
    return Details(
        name=event.name,
        owner_id=event.owner_id,
        template=event.template,
        packages=tuple(event.packages),
        variables=tuple(sorted(event.variables.items())),
        roles=tuple(event.roles),
        steps=tuple(event.steps),
        request_digest=event.request_digest,
        lease_expires_at=event.lease_expires_at,
        dry_run=event.dry_run,
        wait=event.wait,
    )
