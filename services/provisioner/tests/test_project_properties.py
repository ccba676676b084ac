"""What holds for every order of commands: steps only move forward, and what is over stays over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hcmp_contracts.project import (
    PlannedStep,
    ProjectDeleted,
    ProjectEvent,
    ProvisioningStarted,
    RetryRequested,
    RoleCount,
    StepSucceeded,
)
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
    ProjectCommand,
    Refuse,
    Reject,
    ReplaceMachines,
    Request,
    RequestCancel,
    RequestRetry,
    StartRun,
    StartStep,
    StartTeardown,
    WarnOfLease,
)
from hcmp_provisioner.domain.errors import ProjectError
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Configuring, status_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
STEPS = tuple(PlannedStep(number=n, name=f"Step {n}", play="a.yml") for n in (1, 2, 3))
REQUEST = Request("shop", "kim", "kim", "t", (), {}, (RoleCount(name="web", count=1),), STEPS, None, "d")

workers = st.sampled_from(["w1", "w2"])
numbers = st.integers(1, 4)
attempts = st.integers(1, 3)
commands: st.SearchStrategy[ProjectCommand] = st.one_of(
    st.sampled_from([REQUEST, replace(REQUEST, held_back=True, needs_approval=True)]),
    st.builds(StartRun, attempts, workers, st.booleans()),
    st.builds(StartStep, workers, numbers),
    st.builds(FinishStep, workers, numbers),
    st.builds(StartStep, workers, numbers),
    st.builds(FinishStep, workers, numbers),
    st.builds(FailStep, workers, numbers, st.just("why"), st.just(1), st.sampled_from([None, LATER])),
    st.builds(Complete, workers, st.just(1)),
    st.builds(Fail, workers, st.just("why"), st.just(1), st.sampled_from([None, LATER])),
    st.builds(Reject, attempts, st.just(3), st.just(1)),
    st.builds(Cancel, attempts, st.just(1)),
    st.sampled_from(
        [
            RequestCancel(),
            RequestRetry(NOW),
            Approve(),
            Admit(),
            Refuse("no"),
            EndHold(1),
            StartTeardown("asked"),
            Delete(),
            Erase(),
        ]
    ),
    st.builds(ReplaceMachines, workers, numbers, st.just(("vm-1",))),
    st.just(ExtendLease(1, NOW, timedelta(days=365))),
    st.just(WarnOfLease(NOW)),
    st.builds(ExpireLease, st.sampled_from([datetime(2026, 11, day, tzinfo=UTC) for day in (23, 25)])),
)


def run(orders: list[ProjectCommand]) -> list[ProjectEvent]:
    history: list[ProjectEvent] = []
    for order in [*orders[:1], REQUEST, *orders[1:]]:
        try:
            history += PROJECT.decide(order, PROJECT.fold(history))
        except ProjectError:
            continue
    return history


@given(st.lists(commands, max_size=40))
def test_within_an_attempt_each_step_is_finished_once_and_in_order(orders: list[ProjectCommand]) -> None:
    attempt, finished = 0, 0
    for event in run(orders):
        if isinstance(event, ProvisioningStarted):
            if event.attempt == attempt:  # another worker took over
                assert event.first_step == finished + 1
            attempt, finished = event.attempt, event.first_step - 1
        if isinstance(event, StepSucceeded):
            assert (event.attempt, event.number) == (attempt, finished + 1)
            finished = event.number


@given(st.lists(commands, max_size=40))
def test_a_retry_goes_on_behind_finished_steps_only_on_the_machines_that_have_them(
    orders: list[ProjectCommand],
) -> None:
    finished, kept = 0, 0
    for event in run(orders):
        match event:
            case StepSucceeded(number=number):
                finished = number
            case RetryRequested(keep_machines=keep, lost=lost):
                kept = finished if keep and not lost else 0
            case ProvisioningStarted(first_step=first_step, attempt=attempt) if attempt > 1:
                assert first_step - 1 in {0, kept, finished}
                finished = first_step - 1
            case _:
                continue


@given(st.lists(commands, max_size=40))
def test_what_is_over_stays_over_until_a_retry(orders: list[ProjectCommand]) -> None:
    history = run(orders)
    over = {"completed", "failed", "cancelled", "rejected"}
    for length in range(1, len(history)):
        before = status_of(PROJECT.fold(history[:length]))
        after = status_of(PROJECT.fold(history[: length + 1]))
        if before in over and not isinstance(history[length], RetryRequested):
            assert after in {before, "deleting", "deleted"}
        if before == "deleting":
            assert after in {"deleting", "deleted"}


@given(st.lists(commands, max_size=40))
def test_nothing_follows_a_deletion(orders: list[ProjectCommand]) -> None:
    history = run(orders)
    deletions = [index for index, event in enumerate(history) if isinstance(event, ProjectDeleted)]
    assert deletions in ([], [len(history) - 1])


@given(st.lists(commands, max_size=40), commands)
def test_a_command_repeated_at_once_adds_no_second_effect(orders: list[ProjectCommand], order: Any) -> None:
    """But for an extension of the lease, which is asked for anew each time."""
    if isinstance(order, ExtendLease):
        return
    state = PROJECT.fold(run(orders))
    try:
        once = PROJECT.decide(order, state)
    except ProjectError:
        return
    for event in once:
        state = PROJECT.evolve(state, event)
    try:
        assert PROJECT.decide(order, state) == []
    except ProjectError:
        assert not isinstance(state, Configuring) or isinstance(order, Complete | Fail | FailStep)
