"""A terminal session is opened once and closed once."""

from hypothesis import given
from hypothesis import strategies as st

from hcmp_contracts.terminal_session import TerminalSessionClosed, TerminalSessionOpened
from hcmp_terminal.domain.session import (
    DECIDER,
    Close,
    Open,
    Reason,
    SessionCommand,
    SessionIsOverError,
    SessionNotOpenedError,
)
from hcmp_testkit.scenario import scenario

FACTS = {"vm_id": "vm-1", "vm_name": "lab-1", "project_id": "p-1", "account_id": "a-1", "username": "mina"}
OPEN = Open(vm_id="vm-1", vm_name="lab-1", project_id="p-1", account_id="a-1", username="mina")
OPENED = TerminalSessionOpened.model_validate(FACTS)
CLOSED = TerminalSessionClosed(exit_status=None, reason="client-left")


def test_opening_is_recorded_with_who_and_where() -> None:
    scenario(DECIDER).when(OPEN).then(OPENED)


def test_opening_twice_changes_nothing() -> None:
    scenario(DECIDER).given(OPENED).when(OPEN).then_nothing()


def test_a_closed_session_is_never_opened_again() -> None:
    scenario(DECIDER).given(OPENED, CLOSED).when(OPEN).then_raises(SessionIsOverError, reason="client-left")


def test_closing_records_the_reason_and_the_shells_status() -> None:
    expected = TerminalSessionClosed(exit_status=3, reason="exited")
    scenario(DECIDER).given(OPENED).when(Close(reason=Reason.EXITED, exit_status=3)).then(expected)


def test_whoever_notices_the_end_first_tells_it() -> None:
    scenario(DECIDER).given(OPENED, CLOSED).when(Close(reason=Reason.SERVICE_LOST)).then_nothing()


def test_what_was_never_opened_cannot_be_closed() -> None:
    scenario(DECIDER).when(Close(reason=Reason.EXITED)).then_raises(SessionNotOpenedError)


closings = st.builds(Close, reason=st.sampled_from(Reason), exit_status=st.none() | st.integers(0, 255))


@given(st.lists(st.just(OPEN) | closings, max_size=8))
def test_whatever_is_asked_a_session_opens_and_closes_at_most_once(commands: list[SessionCommand]) -> None:
    history: list[TerminalSessionOpened | TerminalSessionClosed] = []
    for command in commands:
        try:
            history += DECIDER.decide(command, DECIDER.fold(history))
        except (SessionIsOverError, SessionNotOpenedError):
            continue
    assert [type(event) for event in history] in (
        [],
        [TerminalSessionOpened],
        [TerminalSessionOpened, TerminalSessionClosed],
    )
