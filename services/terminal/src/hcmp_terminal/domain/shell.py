"""The door to machines: a shell on one of them, and why there is none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from hcmp_terminal.domain.machine import Machine


@dataclass(frozen=True)
class Size:
    columns: int = 80
    rows: int = 24


@dataclass(frozen=True)
class Login:
    """A name and a password that somebody typed."""

    username: str
    password: str = field(repr=False)


class ShellError(Exception):
    """There is no shell, or no longer."""


class HostKeyChangedError(ShellError):
    """The machine showed another host key than the pinned one; nothing was sent to it."""


class MachineUnreachableError(ShellError):
    """The machine did not answer, or stopped answering."""


class LoginRefusedError(ShellError):
    """The machine takes none of the keys and passwords that it was offered."""


class Shell(Protocol):
    """A running shell with a terminal. Leaving its context ends it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def read(self) -> bytes:
        """Output as it comes, empty at its end. Raises MachineUnreachableError."""
        ...

    async def write(self, data: bytes) -> None:
        """Type; waits while the machine takes nothing. Raises MachineUnreachableError."""
        ...

    def resize(self, size: Size) -> None: ...

    async def exit_status(self) -> int | None:
        """The shell's own, None when a signal ended it. Raises MachineUnreachableError."""
        ...


class Shells(Protocol):
    async def open(self, machine: Machine, login: Login | None, size: Callable[[], Size]) -> Shell:
        """Connect and start a shell; without a login by the machine's credential or the platform's key.

        `size` is asked at the last moment. Raises HostKeyChangedError, MachineUnreachableError,
        LoginRefusedError.
        """
        ...
