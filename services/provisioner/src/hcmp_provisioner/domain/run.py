"""The run of a project: what a worker may report. Who reports must be the worker that has the run."""

from typing import assert_never

from hcmp_contracts.project import (
    PlannedStep,
    ProjectEvent,
    ProjectProvisioned,
    ProvisioningFailed,
    ProvisioningStarted,
    RetryRequested,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from hcmp_provisioner.domain.commands import (
    Complete,
    Fail,
    FailStep,
    FinishStep,
    ReplaceMachines,
    RunCommand,
    StartRun,
    StartStep,
)
from hcmp_provisioner.domain.errors import (
    ReplacedTooOftenError,
    RunCancelRequestedError,
    RunFencedError,
    RunNotWantedError,
    StepOutOfOrderError,
)
from hcmp_provisioner.domain.project_state import Cancelling, Configuring, Project, Requested, status_of

# More unreachable machines in one project than this are no accident of theirs.
MAX_REPLACEMENTS = 3


def decide_run(  # noqa: PLR0911 - one line a command
    command: RunCommand, project: Project
) -> list[ProjectEvent]:
    """The facts that follow from a worker's report.

    Raises RunFencedError, RunCancelRequestedError or RunNotWantedError when the worker is to stop.
    """
    if isinstance(command, StartRun):
        return _start_run(command, project)
    run = _run_of(command.worker, project)
    match command:
        case StartStep():
            return _start_step(command, run)
        case FinishStep():
            return _finish_step(command, run)
        case FailStep():
            return _fail_step(command, run)
        case ReplaceMachines():
            return _replace_machines(command, run)
        case Complete():
            return _complete(command, run)
        case Fail():
            return _fail(command, run)
        case _:
            assert_never(command)


def _start_run(command: StartRun, project: Project) -> list[ProjectEvent]:
    match project:
        case Requested(details=details) if details.attempt == command.attempt:
            finished = 0 if command.fresh else project.finished
        case Configuring(details=details, finished=finished) if details.attempt == command.attempt:
            if project.worker == command.worker:
                return []
        case Cancelling(details=details) if details.attempt == command.attempt:
            raise RunCancelRequestedError
        case _:
            raise RunNotWantedError(status_of(project))
    return [ProvisioningStarted(attempt=command.attempt, worker=command.worker, first_step=finished + 1)]


def _run_of(worker: str, project: Project) -> Configuring:
    """The run, when it is this worker's to report on."""
    match project:
        case Configuring(worker=owner) | Cancelling(worker=str(owner)) if owner != worker:
            raise RunFencedError(owner)
        case Configuring():
            return project
        case Cancelling():
            raise RunCancelRequestedError
        case _:
            raise RunNotWantedError(status_of(project))


def _start_step(command: StartStep, run: Configuring) -> list[ProjectEvent]:
    step = _due(command.number, run)
    if run.running == command.number:
        return []
    return [StepStarted(number=step.number, name=step.name, attempt=run.details.attempt)]


def _finish_step(command: FinishStep, run: Configuring) -> list[ProjectEvent]:
    if command.number <= run.finished:
        return []
    step = _due(command.number, run)
    return [
        StepSucceeded(number=step.number, name=step.name, attempt=run.details.attempt, hosts=list(command.hosts))
    ]


def _fail_step(command: FailStep, run: Configuring) -> list[ProjectEvent]:
    step, attempt = _due(command.number, run), run.details.attempt
    failures = list(command.failures)
    return [
        StepFailed(
            number=step.number, name=step.name, attempt=attempt, hosts=list(command.hosts), failures=failures
        ),
        ProvisioningFailed(
            attempt=attempt,
            reason="step-failed",
            detail=command.detail,
            step=step.number,
            failures=failures,
            log_sequence=command.log_sequence,
            held_until=None if run.details.dry_run else command.held_until,
        ),
    ]


def _replace_machines(command: ReplaceMachines, run: Configuring) -> list[ProjectEvent]:
    if run.details.replacements >= MAX_REPLACEMENTS:
        raise ReplacedTooOftenError
    step, details = _due(command.number, run), run.details
    return [
        StepFailed(
            number=step.number,
            name=step.name,
            attempt=details.attempt,
            hosts=list(command.hosts),
            failures=list(command.failures),
        ),
        RetryRequested(
            attempt=details.attempt + 1,
            owner_id=details.owner_id,
            roles=list(details.roles),
            wait=details.wait,
            keep_machines=True,
            lost=list(command.lost),
        ),
    ]


def _complete(command: Complete, run: Configuring) -> list[ProjectEvent]:
    if run.finished < len(run.details.steps):
        raise StepOutOfOrderError(len(run.details.steps) + 1, run.finished + 1)
    details = run.details
    return [
        ProjectProvisioned(attempt=details.attempt, log_sequence=command.log_sequence, dry_run=details.dry_run)
    ]


def _fail(command: Fail, run: Configuring) -> list[ProjectEvent]:
    return [
        ProvisioningFailed(
            attempt=run.details.attempt,
            reason="run-failed",
            detail=command.detail,
            step=run.running,
            log_sequence=command.log_sequence,
            held_until=None if run.details.dry_run else command.held_until,
        )
    ]


def _due(number: int, run: Configuring) -> PlannedStep:
    """The planned step of this number, when its turn has come."""
    expected = run.finished + 1
    if number != expected or number > len(run.details.steps):
        raise StepOutOfOrderError(number, expected)
    return run.details.steps[number - 1]
