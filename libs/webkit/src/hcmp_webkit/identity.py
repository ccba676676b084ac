"""Who calls: access tokens, revoked sessions, and the permissions that stand in a route's signature.

Sources: RFC 8725 (JWT best current practices), RFC 9068 (`typ: at+jwt`).
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from nats.aio.client import Client
from nats.errors import Error as NatsError
from starlette.requests import HTTPConnection

from hcmp_contracts.account import Role
from hcmp_eventstore.recorded import Context
from hcmp_webkit.problems import Problem
from hcmp_webkit.revocations import Revocations

log = structlog.get_logger(__name__)

ISSUER = "hcmp"
AUDIENCE = "hcmp"
ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
LEEWAY_SECONDS = 10
JWKS_RETRY_SECONDS = 5.0
RPC_SECONDS = 3.0

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
    """Verifies tokens and tickets. `fetch_jwks` and `redeem` are answered by the auth service."""

    fetch_jwks: Callable[[], Awaitable[Jwks]]
    redeem: Callable[[str, str], Awaitable[Principal]]
    revocations: Revocations = field(default_factory=Revocations)
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched: float = -JWKS_RETRY_SECONDS
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

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
        try:
            await self.revocations.past_is_known(seconds=RPC_SECONDS)
        except TimeoutError:
            raise identity_unavailable("Which sessions were ended is not known yet.") from None
        if self.revocations.cover(principal):
            raise unauthorized("This session was ended. Sign in again.")

    async def until_revoked(self, principal: Principal) -> None:
        """Return when the principal's session has been ended."""
        await self.revocations.until_covered(principal)

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
