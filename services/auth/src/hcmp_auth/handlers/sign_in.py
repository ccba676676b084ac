"""Signing in, staying signed in, signing out. Sessions are no events: the log only says when they end."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from hcmp_auth.domain.account import (
    ACCOUNT,
    AccountNotActiveError,
    Active,
    Details,
    account_id_of,
    status_of,
)
from hcmp_auth.domain.account_commands import ChangePassword
from hcmp_auth.domain.password import PasswordRules, own_names
from hcmp_auth.domain.session import SESSION_LIFE, Session
from hcmp_auth.handlers.errors import InvalidCredentialsError, SessionEndedError, TokenReusedError
from hcmp_auth.handlers.history import AccountHistory, read_history
from hcmp_auth.handlers.session_ends import SessionEnds
from hcmp_auth.ports import (
    Bearer,
    Credential,
    Credentials,
    Passwords,
    Sessions,
    Signer,
    Throttle,
)
from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """What a person gets: an access token for requests, and a refresh token for the next access token."""

    account_id: str
    details: Details
    access_token: str
    refresh_token: str
    session_expires_at: datetime


@dataclass(frozen=True)
class SignIn:
    store: EventStore
    projector: Projector
    credentials: Credentials
    sessions: Sessions
    ends: SessionEnds
    passwords: Passwords
    throttle: Throttle
    rules: PasswordRules
    signer: Signer
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    new_secret: Callable[[], str]

    async def login(self, username: str, password: str, *, address: str) -> SignedIn:
        """Raises InvalidCredentialsError, AccountNotActiveError, TooManyAttemptsError, PasswordsBusyError.

        A name that nobody has takes the same path as one whose password is wrong.
        """
        account_id = account_id_of(username)
        asked_at = self.clock()
        account = await self._check(account_id, password, [f"address:{address}", f"account:{account_id}"])
        return await self._begin(account_id, account, account.version, asked_at)

    async def verify_password(self, account_id: str, password: str) -> bool:
        """For another service that asks again before something grave. Raises TooManyAttemptsError."""
        try:
            account = await self._check(account_id, password, [f"account:{account_id}"])
        except InvalidCredentialsError:
            return False
        return isinstance(account.state, Active)

    async def refresh(self, refresh_token: str | None, correlation_id: str) -> SignedIn:
        """The next pair of tokens. Raises SessionEndedError, also when there is no token at all."""
        if refresh_token is None:
            raise SessionEndedError
        successor = self.new_secret()
        asked_at = self.clock()
        try:
            session = await self.sessions.rotate(digest(refresh_token), digest(successor), asked_at)
        except TokenReusedError as reused:
            log.warning("refresh_token_reused", account_id=reused.account_id, session=reused.session_id)
            context = Context("service/auth", correlation_id)
            await self.ends.record(reused.session_id, reused.account_id, "token-reused", context)
            raise
        account = await read_history(self.store, session.account_id)
        if not account.sustains(session.account_version) or account.registered is None:
            await self.sessions.end(session.id)
            raise SessionEndedError
        return self._signed_in(session, account.registered.details, successor, asked_at)

    async def sign_out(self, refresh_token: str, correlation_id: str) -> None:
        """The session is over for whoever has an access token of it or a socket, too."""
        if session := await self.sessions.end_of_token(digest(refresh_token)):
            context = Context(f"account/{session.account_id}", correlation_id)
            await self.ends.record(session.id, session.account_id, "signed-out", context)

    async def give_up(self, refresh_token: str) -> None:
        """The session goes no further: whoever has an access token of it keeps that until it runs out."""
        await self.sessions.end_of_token(digest(refresh_token))

    async def change_password(self, account_id: str, current: str, new: str, context: Context) -> SignedIn:
        """Every session ends but the one that this begins. Raises as `login` does, and
        WeakPasswordError.
        """
        account = await self._check(account_id, current, [f"account:{account_id}"])
        if account.registered is not None:
            details = account.registered.details
            self.rules.require(new, own=own_names(details.username, details.email))
        credential = Credential(
            id=str(self.new_id()), account_id=account_id, password_hash=await self.passwords.hash(new)
        )
        await self.credentials.offer(credential)
        decision = Decision(ACCOUNT, account_id, [ChangePassword()])
        sequence = await execute(self.store, [decision], replace(context, causation_id=credential.id))
        await self.projector.wait_for(sequence)
        await self.sessions.end_before(account_id, sequence)
        if account.credential_id is not None:
            await self.credentials.forget(account.credential_id)
        return await self._begin(account_id, account, sequence, self.clock())

    async def _check(self, account_id: str, password: str, keys: list[str]) -> AccountHistory:
        """The account whose password this is. The attempt is counted first and forgiven when it was right."""
        await self.throttle.take(keys, self.clock())
        account = await read_history(self.store, account_id)
        stored = await self.credentials.find(account.credential_id) if account.credential_id else None
        if not await self.passwords.verify(stored.password_hash if stored else None, password):
            log.info("password_refused", account_id=account_id)
            raise InvalidCredentialsError
        log.info("password_accepted", account_id=account_id)
        await self.throttle.forgive(keys)
        return account

    async def _begin(self, account_id: str, account: AccountHistory, version: int, asked_at: datetime) -> SignedIn:
        """`version` is the account's version that the sign-in was decided on, `asked_at` a time before that: what
        ends sessions while the password is being checked ends this one too.
        """
        if account.registered is None:
            raise InvalidCredentialsError
        details = account.registered.details
        if not isinstance(account.state, Active):
            raise AccountNotActiveError(details.username, status_of(account.registered))
        session = Session(str(self.new_id()), account_id, version, expires_at=asked_at + SESSION_LIFE)
        refresh_token = self.new_secret()
        await self.sessions.begin(session, digest(refresh_token), asked_at)
        return self._signed_in(session, details, refresh_token, asked_at)

    def _signed_in(self, session: Session, details: Details, refresh_token: str, asked_at: datetime) -> SignedIn:
        bearer = Bearer(session.account_id, details.username, details.role, session.id)
        return SignedIn(
            account_id=session.account_id,
            details=details,
            access_token=self.signer.access_token(bearer, asked_at),
            refresh_token=refresh_token,
            session_expires_at=session.expires_at,
        )


def digest(secret: str) -> bytes:
    """What is stored of a random secret; it has too many bits for a slow hash to add anything."""
    return hashlib.sha256(secret.encode()).digest()
