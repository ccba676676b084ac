"""What the commands need of the rest of the platform, each by its need."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class WrongPasswordError(Exception):
    """The account's password is another one."""


class AccountsUnavailableError(Exception):
    """The auth service did not answer."""


class Vault(Protocol):
    def encrypt(self, secret: str) -> str: ...

    def decrypt(self, ciphertext: str) -> str: ...


class Exclusive(Protocol):
    def __call__(self, name: str) -> AbstractAsyncContextManager[None]:
        """Only one at a time holds this name, in all processes of the service."""


class Accounts(Protocol):
    async def verify_password(self, account_id: str, password: str) -> None:
        """Raises WrongPasswordError, AccountsUnavailableError."""


class ProjectLogs(Protocol):
    async def purge(self) -> None:
        """Forget every line of every project."""
