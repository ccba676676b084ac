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


@dataclass(frozen=True)
class Guest:
    """Who is let in without a login: an account that the platform admits."""

    account_id: str


class ShellError(Exception):
    """There is no shell, or no longer."""


class HostKeyChangedError(ShellError):
    """The machine showed another host key than the pinned one; nothing was sent to it."""


class MachineUnreachableError(ShellError):
    """The machine did not answer, or stopped answering."""


class LoginRefusedError(ShellError):
    """The machine takes none of the keys and passwords that it was offered."""


class CertificateUnavailableError(ShellError):
    """The machine lets in by a certificate, and there is none at the moment; the message says why."""


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
    async def open(self, machine: Machine, entrance: Login | Guest, size: Callable[[], Size]) -> Shell:
        """Connect and start a shell: by the login that was typed, or else by a certificate for the guest, or by
        what else opens the machine.

        `size` is asked at the last moment. Raises HostKeyChangedError, MachineUnreachableError,
        LoginRefusedError, CertificateUnavailableError.
        """
        ...
