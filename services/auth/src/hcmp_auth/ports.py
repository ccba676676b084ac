"""What the handlers need of the outside world, named by need."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hcmp_auth.domain.session import OpenSession, Session
from hcmp_contracts.account import Role
from hcmp_webkit.identity import Principal


@dataclass(frozen=True)
class Credential:
    """A stored password hash under an id of its own. It counts once an event of its account names it."""

    id: str
    account_id: str
    password_hash: str
    idempotency_key: str | None = None


class Passwords(Protocol):
    """Slow hashes. Raises PasswordsBusyError when too many wait."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; without a hash the same work is done, and the answer is False."""


class Credentials(Protocol):
    async def offer(self, credential: Credential) -> None: ...

    async def find(self, credential_id: str) -> Credential | None: ...

    async def forget(self, credential_id: str) -> None: ...


class Sessions(Protocol):
    """Sessions and the hashes of their refresh tokens."""

    async def begin(self, session: Session, token_hash: bytes, now: datetime) -> None: ...

    async def rotate(self, token_hash: bytes, successor_hash: bytes, now: datetime) -> Session:
        """Raises SessionEndedError; a token that was used before takes its whole session with it, and is told as
        TokenReusedError.
        """

    async def end(self, session_id: str) -> None: ...

    async def end_of_token(self, token_hash: bytes) -> Session | None:
        """The session that was ended, if it was still there."""

    async def of_account(self, account_id: str, now: datetime) -> list[OpenSession]:
        """Those that have not expired, the newest first."""

    async def end_before(self, account_id: str, version: int) -> None: ...


class Tickets(Protocol):
    async def keep(
        self, ticket_hash: bytes, holder: Principal, *, target: str | None, expires_at: datetime
    ) -> None: ...

    async def take(self, ticket_hash: bytes) -> "HeldTicket | None":
        """The ticket, which from now on is nobody's."""


@dataclass(frozen=True)
class HeldTicket:
    holder: Principal
    target: str | None
    expires_at: datetime


class Throttle(Protocol):
    """Attempts are counted before they are judged, so that many at once count as many."""

    async def take(self, keys: Sequence[str], now: datetime) -> None:
        """Count one attempt for each key, up to the first that is blocked. Raises TooManyAttemptsError."""

    async def forgive(self, keys: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class Bearer:
    """Whom an access token speaks for."""

    account_id: str
    username: str
    role: Role
    session_id: str


class Signer(Protocol):
    def access_token(self, bearer: Bearer, now: datetime) -> str: ...


class Administrators(Protocol):
    """Whoever takes an admin away waits for their turn, and then learns who else there is."""

    def turn(self) -> AbstractAsyncContextManager[Sequence[str]]: ...


@dataclass(frozen=True)
class SshTerms:
    """What a certificate is to say."""

    serial: int
    key_id: str
    principals: Sequence[str]
    valid_after: datetime
    valid_before: datetime
    source_addresses: Sequence[str]
    extensions: Sequence[str]


@dataclass(frozen=True)
class Signed:
    """A certificate, in OpenSSH's format, and the fingerprints of the key that it is for and of the one that
    signed.
    """

    certificate: str
    public_key: str
    authority: str


class UnusablePublicKeyError(Exception):
    """There is no certificate for this key; the message says why."""


class CertificateAuthority(Protocol):
    def public_keys(self) -> list[str]: ...

    def sign(self, public_key: str, terms: SshTerms) -> Signed:
        """Raises UnusablePublicKeyError."""
