"""What a project can be: one situation at a time, and how each fact leads to the next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from hcmp_contracts.project import (
    CancelRequested,
    LeaseExpired,
    LeaseExtended,
    PlannedStep,
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
    """What was asked for, and how often machines were asked for (`attempt`)."""

    name: str
    owner_id: str
    packages: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    roles: tuple[RoleCount, ...]
    steps: tuple[PlannedStep, ...]
    request_digest: str
    lease_expires_at: datetime | None
    attempt: int = 1


@dataclass(frozen=True)
class Unknown:
    """Nothing was ever asked for under this id."""


@dataclass(frozen=True)
class Requested:
    """Waits for machines, or for a worker to take the machines it got."""

    details: Details


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
    details: Details


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


Project = (
    Unknown | Requested | Configuring | Cancelling | Completed | Failed | Cancelled | Rejected | Deleting | Deleted
)
Known = Requested | Configuring | Cancelling | Completed | Failed | Cancelled | Rejected | Deleting | Deleted

_ENDINGS: dict[type[ProjectEvent], Callable[[Details], Project]] = {
    ProjectProvisioned: Completed,
    ProvisioningFailed: Failed,
    ProjectCancelled: Cancelled,
    TeardownStarted: Deleting,
    ProjectDeleted: Deleted,
}


def status_of(project: Project) -> str:
    """The situation in the words of the public interface."""
    match project:
        case Unknown():
            return "unknown"
        case Cancelling(worker=None):
            return "requested"
        case Cancelling():
            return "configuring"
        case _:
            return type(project).__name__.lower()


def evolve(project: Project, event: ProjectEvent) -> Project:  # noqa: PLR0911 - one line a fact
    """The situation after one more fact."""
    if isinstance(event, ProjectRequested):
        return Requested(_details(event))
    if isinstance(project, Unknown):
        raise TypeError(f"a project's history begins with a request, not with {event.event_type}")
    match event:
        case ProvisioningStarted() | StepStarted() | StepSucceeded() | StepFailed():
            return _evolve_run(project, event)
        case CancelRequested():
            return _cancelling(project)
        case RetryRequested(attempt=attempt):
            return Requested(replace(project.details, attempt=attempt))
        case ProjectRejected():
            # A retry that found no machines leaves the project what it was: without a working run.
            return Rejected(project.details) if project.details.attempt == 1 else Failed(project.details)
        case LeaseExtended(after=after):
            return replace(project, details=replace(project.details, lease_expires_at=after))
        case LeaseExpired():
            return project
        case (
            ProjectProvisioned() | ProvisioningFailed() | ProjectCancelled() | TeardownStarted() | ProjectDeleted()
        ):
            return _ENDINGS[type(event)](project.details)
        case _:
            assert_never(event)


def _evolve_run(project: Known, event: ProvisioningStarted | StepStarted | StepSucceeded | StepFailed) -> Project:
    match event:
        case ProvisioningStarted(worker=worker):
            # A worker that takes over goes on behind the steps that are finished.
            finished = project.finished if isinstance(project, Configuring) else 0
            return Configuring(project.details, worker, finished)
        case StepStarted(number=number) if isinstance(project, Configuring):
            return replace(project, running=number)
        case StepSucceeded(number=number) if isinstance(project, Configuring):
            return replace(project, finished=number, running=None)
        case _:
            return project


def _cancelling(project: Known) -> Project:
    if isinstance(project, Configuring):
        return Cancelling(project.details, project.worker, project.finished)
    return Cancelling(project.details, None, 0)


def _details(event: ProjectRequested) -> Details:
    return Details(
        name=event.name,
        owner_id=event.owner_id,
        packages=tuple(event.packages),
        variables=tuple(sorted(event.variables.items())),
        roles=tuple(event.roles),
        steps=tuple(event.steps),
        request_digest=event.request_digest,
        lease_expires_at=event.lease_expires_at,
    )
