"""A terminal session: a shell that somebody has on a machine, from its opening to its end."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from hcmp_contracts.terminal_session import TerminalSessionClosed, TerminalSessionEvent, TerminalSessionOpened
from hcmp_eventstore.decider import Decider


class Reason(StrEnum):
    """Why a session ended."""

    EXITED = "exited"
    CLIENT_LEFT = "client-left"
    SESSION_ENDED = "session-ended"
    MACHINE_RELEASED = "machine-released"
    MACHINE_UNREACHABLE = "machine-unreachable"
    MACHINE_STALLED = "machine-stalled"
    READER_STALLED = "reader-stalled"
    MALFORMED_FRAME = "malformed-frame"
    FRAME_TOO_LARGE = "frame-too-large"
    SERVICE_STOPPED = "service-stopped"
    SERVICE_LOST = "service-lost"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True)
class Open:
    """Record that an account has a shell on a machine, before it gets it."""

    vm_id: str
    vm_name: str
    project_id: str | None
    account_id: str
    username: str


@dataclass(frozen=True)
class Close:
    """Record that a shell is over; `exit_status` is absent when it did not end by itself."""

    reason: Reason
    exit_status: int | None = None


SessionCommand = Open | Close


@dataclass(frozen=True)
class Unknown:
    """Nothing ever happened under this id."""


@dataclass(frozen=True)
class Opened:
    vm_id: str
    account_id: str


@dataclass(frozen=True)
class Closed:
    reason: str


Session = Unknown | Opened | Closed


class SessionIsOverError(Exception):
    """A session that was closed is never opened again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the session was closed: {reason}")
        self.reason = reason


class SessionNotOpenedError(Exception):
    """A session that was never opened cannot be closed."""


def decide(command: SessionCommand, session: Session) -> list[TerminalSessionEvent]:
    match command:
        case Open():
            return _open(command, session)
        case Close():
            return _close(command, session)
        case _:
            assert_never(command)


def _open(command: Open, session: Session) -> list[TerminalSessionEvent]:
    match session:
        case Unknown():
            return [TerminalSessionOpened(**vars(command))]
        case Opened():
            return []
        case Closed(reason=reason):
            raise SessionIsOverError(reason)
        case _:
            assert_never(session)


def _close(command: Close, session: Session) -> list[TerminalSessionEvent]:
    match session:
        case Opened():
            return [TerminalSessionClosed(exit_status=command.exit_status, reason=command.reason)]
        case Closed():
            return []  # whoever noticed the end first has told it
        case Unknown():
            raise SessionNotOpenedError
        case _:
            assert_never(session)


def evolve(session: Session, event: TerminalSessionEvent) -> Session:  # noqa: ARG001 - each event says it all
    match event:
        case TerminalSessionOpened(vm_id=vm_id, account_id=account_id):
            return Opened(vm_id=vm_id, account_id=account_id)
        case TerminalSessionClosed(reason=reason):
            return Closed(reason=reason)
        case _:
            assert_never(event)


DECIDER: Decider[SessionCommand, Session, TerminalSessionEvent] = Decider(
    aggregate="terminal-session", initial=Unknown(), decide=decide, evolve=evolve
)
