"""The project: what may be asked of it, and which facts follow. Pure: time and ids arrive in commands."""

from datetime import datetime
from typing import assert_never

from hcmp_contracts.project import (
    CancelRequested,
    HoldEnded,
    LeaseExpired,
    MachineLost,
    ProjectAdmitted,
    ProjectApproved,
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
    Admit,
    Approve,
    Cancel,
    Delete,
    EndHold,
    Erase,
    ExpireLease,
    ExtendLease,
    LoseMachine,
    ProjectCommand,
    Refuse,
    Reject,
    Request,
    RequestCancel,
    RequestRetry,
    StartTeardown,
    WarnOfLease,
)
from hcmp_provisioner.domain.errors import (
    AlreadyRequestedError,
    IdempotencyKeyReusedError,
    LeaseNotOverError,
    NotAwaitingApprovalError,
    NotCancellableError,
    NotRetryableError,
    ProjectRunningError,
    RunCancelRequestedError,
    RunNotWantedError,
    UnknownProjectError,
)
from hcmp_provisioner.domain.lease import extend_lease, warn_of_lease
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
    evolve,
    status_of,
)
from hcmp_provisioner.domain.run import decide_run


def decide(  # noqa: C901, PLR0911, PLR0912 - one line a command
    command: ProjectCommand, project: Project
) -> list[ProjectEvent]:
    """The facts that follow from a command. Raises a ProjectError when it is refused."""
    match command:
        case Request():
            return _request(command, project)
        case Approve():
            return _approve(project)
        case Refuse():
            return _refuse(command, project)
        case Admit():
            return _admit(project)
        case Reject():
            return _reject(command, project)
        case RequestCancel():
            return _request_cancel(project)
        case Cancel():
            return _cancel(command, project)
        case RequestRetry():
            return _request_retry(command, project)
        case EndHold():
            return _end_hold(command, project)
        case ExtendLease():
            return extend_lease(command, project)
        case WarnOfLease():
            return warn_of_lease(command, project)
        case ExpireLease():
            return _expire_lease(command, project)
        case StartTeardown():
            return _start_teardown(command, project)
        case Delete():
            return _delete(command, project)
        case Erase():
            return _erase(project)
        case LoseMachine():
            return _lose_machine(command, project)
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
                dry_run=command.dry_run,
                wait=command.wait,
                held_back=command.held_back,
                needs_approval=command.needs_approval,
            )
        ]
    if project.details.request_digest != command.request_digest:
        raise IdempotencyKeyReusedError
    # An error and not nothing, so that what would be appended together with the request is not appended either.
    raise AlreadyRequestedError


def _approve(project: Project) -> list[ProjectEvent]:
    match project:
        case HeldBack(needs_approval=True):
            return [ProjectApproved()]
        case HeldBack():
            return []
        case Unknown():
            raise UnknownProjectError
        case _:
            raise NotAwaitingApprovalError(status_of(project))


def _refuse(command: Refuse, project: Project) -> list[ProjectEvent]:
    match project:
        case HeldBack(needs_approval=True, details=details):
            needed = sum(role.count for role in details.roles)
            return [ProjectRejected(reason="not-approved", detail=command.reason, needed=needed, available=0)]
        case Unknown():
            raise UnknownProjectError
        case _:
            raise NotAwaitingApprovalError(status_of(project))


def _admit(project: Project) -> list[ProjectEvent]:
    match project:
        case HeldBack(needs_approval=False, details=details):
            return [
                ProjectAdmitted(
                    attempt=details.attempt,
                    owner_id=details.owner_id,
                    roles=list(details.roles),
                    # Whoever was made to wait for a gate does not lose the place for want of a machine.
                    wait=True,
                )
            ]
        case _:
            raise RunNotWantedError(status_of(project))


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
        case HeldBack():
            # Nobody has it who would have to stop.
            return [CancelRequested(), ProjectCancelled(log_sequence=0)]
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


def _request_retry(command: RequestRetry, project: Project) -> list[ProjectEvent]:
    match project:
        case Failed(details=details, held_until=held_until):
            keep = held_until is not None and command.now < held_until
        case Cancelled(details=details):
            keep = False
        case Unknown():
            raise UnknownProjectError
        case _:
            raise NotRetryableError(status_of(project))
    return [
        RetryRequested(
            attempt=details.attempt + 1,
            owner_id=details.owner_id,
            roles=list(details.roles),
            wait=details.wait,
            keep_machines=keep,
        )
    ]


def _end_hold(command: EndHold, project: Project) -> list[ProjectEvent]:
    match project:
        case Failed(details=details, held_until=datetime()) if details.attempt == command.attempt:
            return [HoldEnded(attempt=command.attempt)]
        case _:
            return []


def _expire_lease(command: ExpireLease, project: Project) -> list[ProjectEvent]:
    match project:
        case Unknown() | Rejected() | Deleting() | Deleted():
            return []
        case HeldBack() | Requested() | Configuring() | Cancelling() | Completed() | Failed() | Cancelled():
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
        case HeldBack() | Requested() | Configuring() | Cancelling():
            raise ProjectRunningError(status_of(project))
        case Unknown():
            raise UnknownProjectError
        case _:
            assert_never(project)


def _delete(command: Delete, project: Project) -> list[ProjectEvent]:
    return [ProjectDeleted(teardown=command.teardown)] if isinstance(project, Deleting) else []


def _erase(project: Project) -> list[ProjectEvent]:
    match project:
        case Unknown() | Deleted():
            return []
        case Requested() | Configuring():
            return [CancelRequested(), ProjectDeleted()]
        case _:
            return [ProjectDeleted()]


def _lose_machine(command: LoseMachine, project: Project) -> list[ProjectEvent]:
    """Told once in an attempt, to a project that can still do something about it."""
    match project:
        case Unknown() | Rejected() | Deleting() | Deleted():
            return []
        case _ if command.vm_id in project.details.lost_machines:
            return []
        case _:
            return [MachineLost(vm_id=command.vm_id, name=command.name, reason=command.reason)]


PROJECT: Decider[ProjectCommand, Project, ProjectEvent] = Decider("project", Unknown(), decide, evolve)
