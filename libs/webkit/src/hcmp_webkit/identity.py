"""Who calls: access tokens, revoked sessions, and the permissions that stand in a route's signature.

Sources: RFC 8725 (JWT best current practices), RFC 9068 (`typ: at+jwt`).
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from nats.aio.client import Client
from nats.errors import Error as NatsError
from starlette.requests import HTTPConnection

from hcmp_contracts.account import (
    AccountPasswordChanged,
    AccountRoleChanged,
    AccountSessionEnded,
    AccountSessionsRevoked,
    AccountSuspended,
    Role,
)
from hcmp_contracts.envelope import CloudEvent
from hcmp_eventstore.reader import last_sequence, read_batches
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import utc_now
from hcmp_eventstore.streams import EVENTS
from hcmp_webkit.problems import Problem

log = structlog.get_logger(__name__)

ISSUER = "hcmp"
AUDIENCE = "hcmp"
ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
LEEWAY_SECONDS = 10
JWKS_RETRY_SECONDS = 5.0
RPC_SECONDS = 3.0

REVOKING = (AccountSuspended, AccountSessionsRevoked, AccountPasswordChanged, AccountRoleChanged)
# How long the end of one session is remembered: well longer than an access token of it may live. A socket that is
# open longer ends when the end is heard.
REMEMBERED = timedelta(hours=1)

Jwks = dict[str, Any]


@dataclass(frozen=True)
class Principal:
    """A signed-in account; `session_id` is the session that its token came from.

    Times have fractions of a second: a session ended in the second it began in is still told apart.
    """

    account_id: str
    username: str
    role: Role
    session_id: str
    issued_at: datetime
    expires_at: datetime

    @property
    def is_operator(self) -> bool:
        return self.role is Role.ADMIN


def unauthorized(detail: str) -> Problem:
    return Problem(
        "invalid-token",
        title="Sign in first",
        status=401,
        detail=detail,
        headers={"WWW-Authenticate": "Bearer"},
    )


@dataclass
class Identity:
    """Verifies tokens and tickets. `fetch_jwks` and `redeem` are answered by the auth service.

    `revoked` holds, by account, the instant before which no session counts any more; `ended` the single sessions,
    by account and id, that ended of late, and when.
    """

    fetch_jwks: Callable[[], Awaitable[Jwks]]
    redeem: Callable[[str, str], Awaitable[Principal]]
    revoked: dict[str, datetime] = field(default_factory=dict)
    ended: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched: float = -JWKS_RETRY_SECONDS
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _caught_up: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._caught_up.set()  # until a log is followed there is no past to wait for

    async def verify(self, token: str) -> Principal:
        """The principal of an access token. Raises Problem 401 `invalid-token`."""
        try:
            claims = jwt.decode(
                token,
                await self._key(jwt.get_unverified_header(token)),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
            )
            principal = Principal(
                account_id=claims["sub"],
                username=claims["username"],
                role=Role(claims["role"]),
                session_id=claims["sid"],
                issued_at=datetime.fromtimestamp(claims["iat"], UTC),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            )
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise unauthorized(f"The access token is not valid: {error}.") from error
        await self.require_alive(principal)
        return principal

    async def require_alive(self, principal: Principal) -> None:
        """Raise Problem 401 `invalid-token` when the principal's session was ended, and 503
        `identity-unavailable` when that cannot be told yet.
        """
        await self._wait_for_the_past()
        if self.is_revoked(principal):
            raise unauthorized("This session was ended. Sign in again.")

    def is_revoked(self, principal: Principal) -> bool:
        """Whether this session was ended, or the account's all were after this one's token was issued."""
        if (principal.account_id, principal.session_id) in self.ended:
            return True
        before = self.revoked.get(principal.account_id)
        return before is not None and principal.issued_at < before

    async def until_revoked(self, principal: Principal) -> None:
        """Return when the principal's session has been ended."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.is_revoked(principal))

    async def _key(self, header: dict[str, Any]) -> jwt.PyJWK:
        """The key that the header names. Only our own type of token counts, and only our own keys."""
        if header.get("typ") != TOKEN_TYPE:
            raise jwt.InvalidTokenError("this is not an access token")
        kid = str(header.get("kid", ""))
        if kid in self._keys:  # whoever waits for the auth service to answer holds up nobody else
            return self._keys[kid]
        async with self._fetching:  # requests that come at once wait for the one that asks
            if kid not in self._keys and time.monotonic() - self._fetched > JWKS_RETRY_SECONDS:
                jwks = await self.fetch_jwks()
                self._fetched = time.monotonic()
                self._keys = {key["kid"]: jwt.PyJWK(key, algorithm=ALGORITHM) for key in jwks["keys"]}
        if kid not in self._keys:
            raise jwt.InvalidTokenError("its key is not known")
        return self._keys[kid]

    async def follow_revocations(self, client: Client) -> None:
        """Read the log for ever for the events that end sessions. No token counts before the past is read."""
        subjects = [f"hcmp.account.*.{event.verb()}" for event in (*REVOKING, AccountSessionEnded)]
        self._caught_up.clear()
        end = await last_sequence(client, stream=EVENTS, subjects=subjects)
        if end == 0:
            self._caught_up.set()
        async with aclosing(read_batches(client, stream=EVENTS, subjects=subjects, after=0)) as batches:
            async for batch in batches:
                for message in batch:
                    self._hear(message.subject, CloudEvent.model_validate_json(message.data))
                if batch[-1].metadata.sequence.stream >= end:
                    self._caught_up.set()
                async with self._changed:
                    self._changed.notify_all()

    def _hear(self, subject: str, envelope: CloudEvent) -> None:
        """Whose sessions ended, the subject says: the broker vouches for it."""
        _, _, account_id, verb = subject.split(".")
        if verb != AccountSessionEnded.verb():
            self.revoked[account_id] = envelope.time
            return
        since = utc_now() - REMEMBERED
        self.ended = {session: time for session, time in self.ended.items() if time >= since}
        if envelope.time >= since:
            ended = AccountSessionEnded.model_validate(envelope.data)
            self.ended[account_id, ended.session_id] = envelope.time

    async def _wait_for_the_past(self) -> None:
        try:
            async with asyncio.timeout(RPC_SECONDS):
                await self._caught_up.wait()
        except TimeoutError:
            raise identity_unavailable("Which sessions were ended is not known yet.") from None


def identity_unavailable(detail: str) -> Problem:
    return Problem(
        "identity-unavailable",
        title="Sign-in is not available",
        status=503,
        detail=f"{detail} Try again in a moment.",
        headers={"Retry-After": "3"},
    )


def remote_identity(client: Client) -> Identity:
    """An identity whose questions the auth service answers over NATS requests."""

    async def ask(verb: str, question: dict[str, str]) -> dict[str, Any]:
        try:
            answer = await client.request(
                f"hcmp.rpc.auth.{verb}", json.dumps(question).encode(), timeout=RPC_SECONDS
            )
        except NatsError as silence:
            raise identity_unavailable("The auth service did not answer.") from silence
        result: dict[str, Any] = json.loads(answer.data)
        return result

    async def fetch_jwks() -> Jwks:
        return await ask("jwks", {})

    async def redeem(ticket: str, target: str) -> Principal:
        answer = await ask("redeem-ticket", {"ticket": ticket, "target": target})
        if "account" not in answer:
            raise unauthorized("The ticket is not valid: it is used once, within 30 seconds, for one target.")
        account = answer["account"]
        return Principal(
            account_id=account["id"],
            username=account["username"],
            role=Role(account["role"]),
            session_id=account["sid"],
            issued_at=datetime.fromisoformat(account["issued_at"]),
            expires_at=datetime.fromisoformat(account["expires_at"]),
        )

    return Identity(fetch_jwks=fetch_jwks, redeem=redeem)


def bearer(connection: HTTPConnection) -> str | None:
    """The token of the Authorization header, if there is one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


# Only for the OpenAPI document: which routes want a token. It refuses nothing, `signed_in` does.
_SCHEME = HTTPBearer(scheme_name="bearer", bearerFormat="JWT", auto_error=False)


async def signed_in(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)]
) -> Principal:
    """Any signed-in account. Raises Problem 401 `invalid-token`."""
    token = bearer(request)
    if token is None:
        raise unauthorized("This needs an access token: `Authorization: Bearer …`.")
    identity: Identity = request.app.state.identity
    principal = await identity.verify(token)
    request.state.principal = principal
    return principal


def _forbidden(needed: str) -> Problem:
    return Problem("forbidden", title="Not allowed", status=403, detail=f"This needs the role {needed}.")


async def _member(caller: Annotated[Principal, Depends(signed_in)]) -> Principal:
    if caller.role is Role.VIEWER:
        raise _forbidden("user")
    return caller


async def _operator(caller: Annotated[Principal, Depends(signed_in)]) -> Principal:
    if not caller.is_operator:
        raise _forbidden("admin")
    return caller


Caller = Annotated[Principal, Depends(signed_in)]
Member = Annotated[Principal, Depends(_member)]
Operator = Annotated[Principal, Depends(_operator)]


def context(caller: Principal, request: HTTPConnection) -> Context:
    """What goes into the envelope of the events that this request causes."""
    return Context(actor=f"account/{caller.account_id}", correlation_id=request.state.correlation_id)
