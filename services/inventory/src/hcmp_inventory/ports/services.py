"""What the commands need of the rest of the platform, each by its need."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class WrongPasswordError(Exception):
    """The account's password is another one."""


class TooManyAttemptsError(Exception):
    """Too many wrong passwords were given; the next try may come after so many seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"try again in {retry_after:.0f} s")
        self.retry_after = retry_after


class AccountsUnavailableError(Exception):
    """The auth service did not answer."""


class BackupFailedError(Exception):
    """What is to be destroyed could not be kept; the message says why."""


class Exclusive(Protocol):
    def __call__(self, name: str) -> AbstractAsyncContextManager[None]:
        """Only one at a time holds this name, in all processes of the service."""


class Accounts(Protocol):
    async def verify_password(self, account_id: str, password: str) -> None:
        """Raises WrongPasswordError, TooManyAttemptsError, AccountsUnavailableError."""


class Backups(Protocol):
    async def take(self) -> str:
        """Keep the event log, the logs of runs and the recordings; where they are. Raises BackupFailedError."""


class ProjectLogs(Protocol):
    async def purge(self) -> None:
        """Forget every line of every project."""

    async def purge_timers(self) -> None:
        """Forget every timer of every project."""
