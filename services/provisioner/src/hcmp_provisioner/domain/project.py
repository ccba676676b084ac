"""The project: what may be asked of it, and which facts follow. Pure: time and ids arrive in commands."""

from datetime import timedelta
from typing import assert_never

from hcmp_contracts.project import (
    CancelRequested,
    LeaseExpired,
    LeaseExtended,
    ProjectCancelled,
    ProjectDeleted,
    ProjectEvent,
    ProjectRejected,
    ProjectRequested,
    RetryRequested,
    TeardownStarted,
)
from hcmp_eventstore.decider import Decider
from hcmp_provisioner.domain.commands import (
    Cancel,
    Delete,
    Erase,
    ExpireLease,
    ExtendLease,
    ProjectCommand,
    Reject,
    Request,
    RequestCancel,
    RequestRetry,
    StartTeardown,
)
from hcmp_provisioner.domain.errors import (
    IdempotencyKeyReusedError,
    LeaseNotOverError,
    NoLeaseError,
    NotCancellableError,
    NotRetryableError,
    ProjectRunningError,
    RunCancelRequestedError,
    RunNotWantedError,
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
    Project,
    Rejected,
    Requested,
    Unknown,
    evolve,
    status_of,
)
from hcmp_provisioner.domain.run import decide_run


def decide(  # noqa: C901, PLR0911 - one line a command
    command: ProjectCommand, project: Project
) -> list[ProjectEvent]:
    """The facts that follow from a command. Raises a ProjectError when it is refused."""
    match command:
        case Request():
            return _request(command, project)
        case Reject():
            return _reject(command, project)
        case RequestCancel():
            return _request_cancel(project)
        case Cancel():
            return _cancel(command, project)
        case RequestRetry():
            return _request_retry(project)
        case ExtendLease():
            return _extend_lease(command, project)
        case ExpireLease():
            return _expire_lease(command, project)
        case StartTeardown():
            return _start_teardown(command, project)
        case Delete():
            return _delete(project)
        case Erase():
            return _erase(project)
        case _:
            return decide_run(command, project)


def _request(command: Request, project: Project) -> list[ProjectEvent]:
    if isinstance(project, Unknown):
        return [
            ProjectRequested(
                name=command.name,
                owner_id=command.owner_id,
                owner_username=command.owner_username,
                template=command.template,
                packages=list(command.packages),
                variables=command.variables,
                roles=list(command.roles),
                steps=list(command.steps),
                lease_expires_at=command.lease_expires_at,
                request_digest=command.request_digest,
            )
        ]
    if project.details.request_digest != command.request_digest:
        raise IdempotencyKeyReusedError
    return []


def _reject(command: Reject, project: Project) -> list[ProjectEvent]:
    match project:
        case Requested(details=details) if details.attempt == command.attempt:
            return [
                ProjectRejected(
                    reason="insufficient-capacity",
                    detail=f"{command.needed} machines are needed, {command.available} are available.",
                    needed=command.needed,
                    available=command.available,
                )
            ]
        case Cancelling(worker=None):
            raise RunCancelRequestedError
        case _:
            return []


def _request_cancel(project: Project) -> list[ProjectEvent]:
    match project:
        case Requested() | Configuring():
            return [CancelRequested()]
        case Cancelling() | Cancelled():
            return []
        case Unknown():
            raise UnknownProjectError
        case Completed() | Failed() | Rejected() | Deleting() | Deleted():
            raise NotCancellableError(status_of(project))
        case _:
            assert_never(project)


def _cancel(command: Cancel, project: Project) -> list[ProjectEvent]:
    match project:
        case Cancelling(details=details, finished=finished) if details.attempt == command.attempt:
            return [
                ProjectCancelled(finished_steps=list(range(1, finished + 1)), log_sequence=command.log_sequence)
            ]
        case _:
            raise RunNotWantedError(status_of(project))


def _request_retry(project: Project) -> list[ProjectEvent]:
    match project:
        case Failed(details=details) | Cancelled(details=details):
            return [
                RetryRequested(attempt=details.attempt + 1, owner_id=details.owner_id, roles=list(details.roles))
            ]
        case Unknown():
            raise UnknownProjectError
        case _:
            raise NotRetryableError(status_of(project))


def _extend_lease(command: ExtendLease, project: Project) -> list[ProjectEvent]:
    match project:
        case Requested() | Configuring() | Cancelling() | Completed() | Failed() | Cancelled():
            before = project.details.lease_expires_at
            start = max(before, command.now) if before else command.now
            return [LeaseExtended(before=before, after=start + timedelta(days=command.days))]
        case Unknown():
            raise UnknownProjectError
        case Rejected() | Deleting() | Deleted():
            raise NoLeaseError(status_of(project))
        case _:
            assert_never(project)


def _expire_lease(command: ExpireLease, project: Project) -> list[ProjectEvent]:
    match project:
        case Unknown() | Rejected() | Deleting() | Deleted():
            return []
        case Requested() | Configuring() | Cancelling() | Completed() | Failed() | Cancelled():
            ends_at = project.details.lease_expires_at
        case _:
            assert_never(project)
    if ends_at is None:
        return []
    if ends_at > command.now:
        raise LeaseNotOverError(ends_at)
    # A running project ends first; a failed or cancelled one holds nothing any more and is only deleted.
    return [LeaseExpired(), *_start_teardown(StartTeardown(reason="lease-expired"), project)]


def _start_teardown(command: StartTeardown, project: Project) -> list[ProjectEvent]:
    match project:
        case Completed() | Failed() | Cancelled() | Rejected():
            return [TeardownStarted(reason=command.reason)]
        case Deleting() | Deleted():
            return []
        case Requested() | Configuring() | Cancelling():
            raise ProjectRunningError(status_of(project))
        case Unknown():
            raise UnknownProjectError
        case _:
            assert_never(project)


def _delete(project: Project) -> list[ProjectEvent]:
    return [ProjectDeleted()] if isinstance(project, Deleting) else []


def _erase(project: Project) -> list[ProjectEvent]:
    match project:
        case Unknown() | Deleted():
            return []
        case Requested() | Configuring():
            return [CancelRequested(), ProjectDeleted()]
        case _:
            return [ProjectDeleted()]


PROJECT: Decider[ProjectCommand, Project, ProjectEvent] = Decider("project", Unknown(), decide, evolve)
