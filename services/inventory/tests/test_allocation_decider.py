"""Every attempt of a project gets one answer, and none after it is over."""

import pytest

from hcmp_contracts.allocation import (
    AllocationDenied,
    AllocationEvent,
    AllocationGranted,
    AllocationReleased,
    GrantedMachine,
)
from hcmp_inventory.domain.allocation import (
    DECIDER,
    Allocation,
    AllocationCommand,
    AllocationMovedError,
    AttemptAnsweredError,
    Deny,
    Grant,
    Release,
    StillHeldError,
)
from hcmp_testkit.scenario import Scenario, scenario

MACHINE = GrantedMachine(
    vm_id="vm-1",
    name="lab-01",
    address="10.0.0.1",
    role="web",
    ssh_host="127.0.0.1",
    ssh_port=2201,
    ssh_user="hcmp",
    host_key="ssh-ed25519 AAAA",
)
HELD = frozenset({"vm-1"})
NONE: frozenset[str] = frozenset()


def given(*events: AllocationEvent) -> Scenario[AllocationCommand, Allocation, AllocationEvent]:
    return scenario(DECIDER).given(*events)


def granted(attempt: int = 1) -> AllocationGranted:
    return AllocationGranted(owner_id="mina", attempt=attempt, machines=[MACHINE])


def grant(attempt: int = 1) -> Grant:
    return Grant("mina", attempt, (MACHINE,))


def released(attempt: int = 1) -> AllocationReleased:
    return AllocationReleased(reason="over", attempt=attempt)


DENIED = AllocationDenied(attempt=1, needed=3, available=2)


def test_a_first_attempt_is_granted_or_denied() -> None:
    given().when(grant()).then(granted())
    given().when(Deny(1, needed=3, available=2)).then(DENIED)


@pytest.mark.parametrize("answer", [granted(), DENIED, released()])
def test_an_attempt_is_answered_once(answer: AllocationEvent) -> None:
    given(answer).when(grant()).then_raises(AttemptAnsweredError, attempt=1)
    given(answer).when(Deny(1, needed=3, available=2)).then_raises(AttemptAnsweredError)


@pytest.mark.parametrize("answer", [DENIED, released()])
def test_the_next_attempt_is_answered_anew(answer: AllocationEvent) -> None:
    given(answer).when(grant(2)).then(granted(2))


def test_the_next_attempt_waits_until_the_machines_of_the_last_were_given_back() -> None:
    given(granted()).when(grant(2)).then_raises(StillHeldError, attempt=1)


def test_what_was_granted_is_released() -> None:
    given(granted()).when(Release(1, "over", HELD)).then(released())
    given(granted()).when(Release(2, "over", HELD)).then(released(2))


def test_machines_are_not_released_without_the_allocation_that_holds_them() -> None:
    given(granted()).when(Release(1, "over", NONE)).then_raises(AllocationMovedError)
    given().when(Release(1, "over", HELD)).then_raises(AllocationMovedError)


def test_an_attempt_that_ends_before_its_answer_is_closed() -> None:
    given().when(Release(1, "cancelled", NONE)).then(AllocationReleased(reason="cancelled", attempt=1))
    given(released()).when(Release(2, "over", NONE)).then(released(2))


@pytest.mark.parametrize("answer", [DENIED, released(), granted(2)])
def test_the_end_of_an_attempt_heard_twice_or_late_changes_nothing(answer: AllocationEvent) -> None:
    given(answer).when(Release(1, "over", NONE)).then_raises(AttemptAnsweredError)
