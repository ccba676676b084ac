"""What may be asked of a project in which situation, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hcmp_contracts.project import (
    CancelRequested,
    HoldEnded,
    HostFailure,
    LeaseExpired,
    LeaseExtended,
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
from hcmp_provisioner.domain import errors
from hcmp_provisioner.domain.commands import (
    Admit,
    Approve,
    Cancel,
    Complete,
    Delete,
    EndHold,
    Erase,
    ExpireLease,
    ExtendLease,
    Fail,
    FailStep,
    FinishStep,
    LoseMachine,
    Refuse,
    Reject,
    ReplaceMachines,
    Request,
    RequestCancel,
    RequestRetry,
    StartRun,
    StartStep,
    StartTeardown,
)
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import status_of
from hcmp_provisioner.domain.run import MAX_REPLACEMENTS
from hcmp_testkit.scenario import scenario

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
YEAR = timedelta(days=365)
ROLES = [RoleCount(name="web", count=1), RoleCount(name="db", count=2)]
STEPS = [PlannedStep(number=1, name="Prepare", play="a.yml"), PlannedStep(number=2, name="Check", play="b.yml")]

requested = ProjectRequested(
    name="shop",
    owner_id="kim",
    owner_username="kim",
    template="three-tier",
    packages=["htop"],
    variables={"greeting": "hello"},
    roles=ROLES,
    steps=STEPS,
    lease_expires_at=None,
    request_digest="digest",
)
started = ProvisioningStarted(attempt=1, worker="w1", first_step=1)
step_1 = (StepStarted(number=1, name="Prepare", attempt=1), StepSucceeded(number=1, name="Prepare", attempt=1))
step_2 = (StepStarted(number=2, name="Check", attempt=1), StepSucceeded(number=2, name="Check", attempt=1))
provisioned = ProjectProvisioned(attempt=1, log_sequence=9)
failed = ProvisioningFailed(attempt=1, reason="step-failed", detail="no", step=1, log_sequence=5)
cancelled = ProjectCancelled(finished_steps=[], log_sequence=5)
rejected = ProjectRejected(reason="insufficient-capacity", detail="no", needed=3, available=1)
project = scenario(PROJECT)


def request(digest: str = "digest") -> Request:
    return Request(
        name="shop",
        owner_id="kim",
        owner_username="kim",
        template="three-tier",
        packages=("htop",),
        variables={"greeting": "hello"},
        roles=tuple(ROLES),
        steps=tuple(STEPS),
        lease_expires_at=None,
        request_digest=digest,
    )


def test_a_project_begins_with_a_request() -> None:
    project.given().when(request()).then(requested)


def test_the_same_request_again_is_told_from_a_new_one() -> None:
    project.given(requested, started).when(request()).then_raises(errors.AlreadyRequestedError)


def test_a_request_that_needs_approval_waits_for_it_and_then_for_its_admission() -> None:
    asked = replace(request(), held_back=True, needs_approval=True)
    waiting = requested.model_copy(update={"held_back": True, "needs_approval": True})
    admitted = ProjectAdmitted(attempt=1, owner_id="kim", roles=ROLES, wait=True)
    project.given().when(asked).then(waiting)
    assert status_of(PROJECT.fold([waiting])) == "requested"
    project.given(waiting).when(Admit()).then_raises(errors.RunNotWantedError)
    project.given(waiting).when(Approve()).then(ProjectApproved())
    project.given(waiting, ProjectApproved()).when(Approve()).then_nothing()
    project.given(waiting, ProjectApproved()).when(Admit()).then(admitted)
    project.given(waiting, ProjectApproved(), admitted).when(StartRun(1, "w1")).then(started)
    project.given(waiting, ProjectApproved(), admitted).when(Admit()).then_raises(errors.RunNotWantedError)


def test_an_operators_refusal_rejects_the_request_with_the_reason() -> None:
    waiting = requested.model_copy(update={"held_back": True, "needs_approval": True})
    project.given(waiting).when(Refuse("Too large.")).then(
        ProjectRejected(reason="not-approved", detail="Too large.", needed=3, available=0)
    )
    for history in [(requested,), (waiting, ProjectApproved())]:
        project.given(*history).when(Refuse("no")).then_raises(errors.NotAwaitingApprovalError)


def test_what_nobody_has_to_stop_is_cancelled_at_once() -> None:
    waiting = requested.model_copy(update={"held_back": True})
    project.given(waiting).when(RequestCancel()).then(CancelRequested(), ProjectCancelled(log_sequence=0))


def test_a_dry_run_keeps_no_machine_when_it_succeeds_nor_when_it_fails() -> None:
    dry = requested.model_copy(update={"dry_run": True})
    history = (dry, started, *step_1, *step_2)
    project.given(*history).when(Complete("w1", 9)).then(provisioned.model_copy(update={"dry_run": True}))
    [ended] = PROJECT.decide(Fail("w1", "no", 9, held_until=LATER), PROJECT.fold([dry, started]))
    assert isinstance(ended, ProvisioningFailed)
    assert ended.held_until is None


held = ProvisioningFailed(
    attempt=1, reason="step-failed", detail="no", step=2, log_sequence=5, held_until=NOW + timedelta(minutes=1)
)


def test_a_retry_keeps_the_machines_while_they_are_held_and_goes_on_at_the_failed_step() -> None:
    kept = RetryRequested(attempt=2, owner_id="kim", roles=ROLES, keep_machines=True)
    history = (requested, started, *step_1, held)
    project.given(*history).when(RequestRetry(NOW)).then(kept)
    project.given(*history, kept).when(StartRun(2, "w2", fresh=False)).then(
        ProvisioningStarted(attempt=2, worker="w2", first_step=2)
    )
    project.given(*history, kept).when(StartRun(2, "w2", fresh=True)).then(
        ProvisioningStarted(attempt=2, worker="w2", first_step=1)
    )


def test_a_retry_after_the_hold_begins_anew() -> None:
    anew = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    history = (requested, started, *step_1, held)
    project.given(*history).when(RequestRetry(LATER)).then(anew)
    project.given(*history, HoldEnded(attempt=1)).when(RequestRetry(NOW)).then(anew)
    project.given(*history, HoldEnded(attempt=1), anew).when(StartRun(2, "w2", fresh=False)).then(
        ProvisioningStarted(attempt=2, worker="w2", first_step=1)
    )


def test_a_hold_ends_once_and_only_for_the_attempt_that_it_belongs_to() -> None:
    history = (requested, started, *step_1, held)
    kept = RetryRequested(attempt=2, owner_id="kim", roles=ROLES, keep_machines=True)
    project.given(*history).when(EndHold(1)).then(HoldEnded(attempt=1))
    project.given(*history, HoldEnded(attempt=1)).when(EndHold(1)).then_nothing()
    project.given(*history, kept).when(EndHold(1)).then_nothing()
    again = held.model_copy(update={"attempt": 2})
    restarted = ProvisioningStarted(attempt=2, worker="w2", first_step=2)
    project.given(*history, kept, restarted, again).when(EndHold(1)).then_nothing()


def test_lost_machines_are_replaced_a_bounded_number_of_times() -> None:
    failures = (HostFailure(vm="db-1", task="t", reason="no route", unreachable=True),)
    replacing = ReplaceMachines("w1", 1, lost=("vm-1",), failures=failures)
    history: tuple[ProjectEvent, ...] = (requested,)
    for attempt in range(1, MAX_REPLACEMENTS + 1):
        history += (ProvisioningStarted(attempt=attempt, worker="w1", first_step=1),)
        asked_again = RetryRequested(
            attempt=attempt + 1, owner_id="kim", roles=ROLES, keep_machines=True, lost=["vm-1"]
        )
        step = StepFailed(number=1, name="Prepare", attempt=attempt, failures=list(failures))
        project.given(*history).when(replacing).then(step, asked_again)
        history += (step, asked_again)
    history += (ProvisioningStarted(attempt=MAX_REPLACEMENTS + 1, worker="w1", first_step=1),)
    project.given(*history).when(replacing).then_raises(errors.ReplacedTooOftenError)


def test_another_request_under_the_same_key_is_refused() -> None:
    project.given(requested).when(request("other")).then_raises(errors.IdempotencyKeyReusedError)


def test_a_project_without_machines_is_rejected() -> None:
    project.given(requested).when(Reject(attempt=1, needed=3, available=1)).then(
        ProjectRejected(
            reason="insufficient-capacity",
            detail="3 machines are needed, 1 are available.",
            needed=3,
            available=1,
        )
    )


def test_a_late_denial_of_an_older_attempt_changes_nothing() -> None:
    retried = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    project.given(requested, started, failed, retried).when(Reject(1, 3, 1)).then_nothing()


def test_a_retry_without_machines_leaves_the_project_failed() -> None:
    retried = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    history = (requested, started, failed, retried, rejected)
    assert status_of(PROJECT.fold(history)) == "failed"
    project.given(*history).when(RequestRetry(NOW)).then(RetryRequested(attempt=3, owner_id="kim", roles=ROLES))


def test_a_worker_takes_a_run_at_its_first_step() -> None:
    project.given(requested).when(StartRun(attempt=1, worker="w1")).then(started)


def test_a_worker_that_takes_over_goes_on_at_the_first_unfinished_step() -> None:
    history = (requested, started, *step_1, StepStarted(number=2, name="Check", attempt=1))
    project.given(*history).when(StartRun(attempt=1, worker="w2")).then(
        ProvisioningStarted(attempt=1, worker="w2", first_step=2)
    )


def test_a_retry_begins_at_the_first_step_of_its_own_machines() -> None:
    retried = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    project.given(requested, started, *step_1, failed, retried).when(StartRun(attempt=2, worker="w1")).then(
        ProvisioningStarted(attempt=2, worker="w1", first_step=1)
    )


@pytest.mark.parametrize("end", [provisioned, failed, cancelled, rejected])
def test_a_run_that_is_over_is_not_started_again(end: ProjectProvisioned) -> None:
    project.given(requested, started, end).when(StartRun(1, "w2")).then_raises(errors.RunNotWantedError)


def test_machines_of_an_older_attempt_start_nothing() -> None:
    retried = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    project.given(requested, started, failed, retried).when(StartRun(1, "w2")).then_raises(
        errors.RunNotWantedError
    )


def test_steps_run_in_their_order() -> None:
    running = (requested, started)
    project.given(*running).when(StartStep("w1", 1)).then(step_1[0])
    project.given(*running, step_1[0]).when(StartStep("w1", 1)).then_nothing()
    project.given(*running, step_1[0]).when(FinishStep("w1", 1)).then(step_1[1])
    project.given(*running, *step_1).when(FinishStep("w1", 1)).then_nothing()
    project.given(*running).when(StartStep("w1", 2)).then_raises(errors.StepOutOfOrderError, number=2, expected=1)
    project.given(*running, *step_1, *step_2).when(StartStep("w1", 3)).then_raises(errors.StepOutOfOrderError)


def test_a_run_is_complete_when_every_step_is_finished() -> None:
    project.given(requested, started, *step_1, *step_2).when(Complete("w1", log_sequence=9)).then(provisioned)
    project.given(requested, started, *step_1).when(Complete("w1", 9)).then_raises(errors.StepOutOfOrderError)


def test_a_failed_step_ends_the_run_in_the_same_breath() -> None:
    failure = HostFailure(vm="web-1", task="Install", reason="no such package")
    command = FailStep("w1", 1, detail="because", log_sequence=5, failures=(failure,))
    project.given(requested, started, step_1[0]).when(command).then(
        StepFailed(number=1, name="Prepare", attempt=1, failures=[failure]),
        ProvisioningFailed(
            attempt=1, reason="step-failed", detail="because", step=1, failures=[failure], log_sequence=5
        ),
    )


def test_a_run_can_fail_without_a_step() -> None:
    project.given(requested, started).when(Fail("w1", "no Ansible", log_sequence=1)).then(
        ProvisioningFailed(attempt=1, reason="run-failed", detail="no Ansible", log_sequence=1)
    )


REPORTS = [
    StartStep("w1", 1),
    FinishStep("w1", 1),
    FailStep("w1", 1, detail="", log_sequence=1),
    Complete("w1", 1),
    Fail("w1", "", 1),
]


@pytest.mark.parametrize("report", REPORTS)
def test_a_worker_that_lost_the_run_is_told_so(report: StartStep) -> None:
    taken_over = ProvisioningStarted(attempt=1, worker="w2", first_step=1)
    project.given(requested, started, taken_over).when(report).then_raises(errors.RunFencedError, worker="w2")
    history = (requested, started, taken_over, CancelRequested())
    project.given(*history).when(report).then_raises(errors.RunFencedError)


@pytest.mark.parametrize("report", [*REPORTS, StartRun(1, "w2")])
def test_a_worker_is_told_to_stop(report: StartStep) -> None:
    history = (requested, started, CancelRequested())
    project.given(*history).when(report).then_raises(errors.RunCancelRequestedError)


def test_a_waiting_or_running_project_can_be_cancelled() -> None:
    project.given(requested).when(RequestCancel()).then(CancelRequested())
    project.given(requested, started).when(RequestCancel()).then(CancelRequested())
    project.given(requested, started, CancelRequested()).when(RequestCancel()).then_nothing()
    project.given(requested, started, CancelRequested(), cancelled).when(RequestCancel()).then_nothing()


@pytest.mark.parametrize("end", [provisioned, failed, rejected])
def test_a_project_that_is_over_cannot_be_cancelled(end: ProjectProvisioned) -> None:
    project.given(requested, started, end).when(RequestCancel()).then_raises(errors.NotCancellableError)


def test_a_cancelled_run_names_the_steps_that_were_done() -> None:
    project.given(requested, started, *step_1, CancelRequested()).when(Cancel(attempt=1, log_sequence=7)).then(
        ProjectCancelled(finished_steps=[1], log_sequence=7)
    )


def test_a_project_cancelled_while_it_waited_ends_with_the_denial() -> None:
    history = (requested, CancelRequested())
    project.given(*history).when(Reject(1, 3, 1)).then_raises(errors.RunCancelRequestedError)
    project.given(*history).when(Cancel(1, 0)).then(ProjectCancelled(finished_steps=[], log_sequence=0))


@pytest.mark.parametrize("end", [failed, cancelled])
def test_a_failed_or_cancelled_project_can_be_tried_again(end: ProjectProvisioned) -> None:
    retried = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    project.given(requested, started, end).when(RequestRetry(NOW)).then(retried)


@pytest.mark.parametrize("history", [(requested,), (requested, started), (requested, started, provisioned)])
def test_no_other_project_can_be_tried_again(history: tuple[ProjectRequested, ...]) -> None:
    project.given(*history).when(RequestRetry(NOW)).then_raises(errors.NotRetryableError)


def test_a_lease_is_extended_from_its_end_or_from_now() -> None:
    command = ExtendLease(days=2, now=NOW, longest=YEAR)
    in_a_day, past = NOW + timedelta(days=1), NOW - timedelta(days=1)
    for before, after in [(None, NOW), (in_a_day, in_a_day), (past, NOW)]:
        leased = requested.model_copy(update={"lease_expires_at": before})
        expected = LeaseExtended(before=before, after=after + timedelta(days=2))
        project.given(leased, started).when(command).then(expected)
    project.given(requested, rejected).when(command).then_raises(errors.NoLeaseError, status="rejected")


leased = requested.model_copy(update={"lease_expires_at": NOW})
expired = (LeaseExpired(), TeardownStarted(reason="lease-expired"))


@pytest.mark.parametrize("end", [provisioned, failed, cancelled])
def test_a_project_is_taken_down_when_its_lease_is_over(end: ProjectProvisioned) -> None:
    project.given(leased, started, end).when(ExpireLease(NOW)).then(*expired)
    project.given(leased, started, end, *expired).when(ExpireLease(NOW)).then_nothing()
    project.given(leased, started, end, *expired, ProjectDeleted()).when(ExpireLease(NOW)).then_nothing()


def test_a_lease_ends_when_its_last_extension_does() -> None:
    end = NOW + timedelta(days=1)
    history = (leased, started, provisioned, LeaseExtended(before=NOW, after=end))
    project.given(*history).when(ExpireLease(NOW)).then_raises(errors.LeaseNotOverError, ends_at=end)
    project.given(*history).when(ExpireLease(end)).then(*expired)
    early = NOW - timedelta(microseconds=1)
    project.given(leased).when(ExpireLease(early)).then_raises(errors.LeaseNotOverError, ends_at=NOW)


@pytest.mark.parametrize("history", [(), (started,), (CancelRequested(),), (started, CancelRequested())])
def test_a_lease_that_is_over_waits_for_the_run(history: tuple[ProvisioningStarted, ...]) -> None:
    project.given(leased, *history).when(ExpireLease(NOW)).then_raises(errors.ProjectRunningError)


def test_where_there_is_no_lease_nothing_ends() -> None:
    project.given(requested, started, provisioned).when(ExpireLease(NOW)).then_nothing()
    project.given(leased, rejected).when(ExpireLease(NOW)).then_nothing()
    project.given().when(ExpireLease(NOW)).then_nothing()


@pytest.mark.parametrize("end", [provisioned, failed, cancelled, rejected])
def test_a_project_that_is_over_can_be_deleted(end: ProjectProvisioned) -> None:
    teardown = TeardownStarted(reason="requested")
    command = StartTeardown("requested")
    project.given(requested, started, end).when(command).then(teardown)
    project.given(requested, started, end, teardown).when(command).then_nothing()
    project.given(requested, started, end, teardown).when(Delete()).then(ProjectDeleted())
    project.given(requested, started, end, teardown, ProjectDeleted()).when(Delete()).then_nothing()


@pytest.mark.parametrize("history", [(requested,), (requested, started), (requested, CancelRequested())])
def test_a_running_project_must_be_cancelled_before_it_is_deleted(history: tuple[ProjectRequested, ...]) -> None:
    project.given(*history).when(StartTeardown("requested")).then_raises(errors.ProjectRunningError)


def test_a_reset_ends_every_project() -> None:
    project.given(requested, started).when(Erase()).then(CancelRequested(), ProjectDeleted())
    project.given(requested, started, provisioned).when(Erase()).then(ProjectDeleted())
    project.given(requested, started, provisioned, ProjectDeleted()).when(Erase()).then_nothing()


@pytest.mark.parametrize(
    "command", [RequestCancel(), RequestRetry(NOW), StartTeardown(""), ExtendLease(1, NOW, YEAR)]
)
def test_nothing_can_be_done_with_what_was_never_asked_for(command: RequestCancel) -> None:
    project.given().when(command).then_raises(errors.UnknownProjectError)


def test_a_machine_that_is_gone_is_told_once_in_an_attempt_whatever_the_project_does() -> None:
    lose = LoseMachine("vm-1", "lab-01", "deleted in its provider")
    lost = MachineLost(vm_id="vm-1", name="lab-01", reason="deleted in its provider")
    for history in ((requested, started), (requested, started, provisioned), (requested, started, failed)):
        project.given(*history).when(lose).then(lost)
        project.given(*history, lost).when(lose).then_nothing()
    retried = RetryRequested(attempt=2, owner_id="kim", roles=ROLES)
    project.given(requested, started, failed, lost, retried).when(lose).then(lost)
    for over in (rejected, TeardownStarted(reason="x"), ProjectDeleted()):
        project.given(requested, over).when(lose).then_nothing()
    project.given().when(lose).then_nothing()


def test_a_run_goes_on_although_a_machine_is_gone() -> None:
    lost = MachineLost(vm_id="vm-1", name="lab-01", reason="deleted in its provider")
    project.given(requested, started, lost).when(StartStep("w1", 1)).then(step_1[0])
