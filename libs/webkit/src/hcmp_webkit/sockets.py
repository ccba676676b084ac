"""WebSockets: who may open one, how much may wait unsent, and when it ends.

CORS does not cover WebSockets, so that the Origin is checked here; a browser cannot send an Authorization
header with one, so that it brings a one-time ticket.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
from fastapi import WebSocket
from starlette.responses import JSONResponse

from hcmp_webkit.identity import Identity, Principal, bearer, unauthorized
from hcmp_webkit.problems import Problem

log = structlog.get_logger(__name__)

STALLED_SECONDS = 60.0

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class StalledReaderError(Exception):
    """The other side has not read for STALLED_SECONDS."""


async def deny(websocket: WebSocket, problem: Problem) -> None:
    """Refuse a handshake with the problem document and its HTTP status, and say so in the log."""
    address = websocket.client.host if websocket.client else "unknown"
    log.info(
        "socket_refused", path=websocket.url.path, status=problem.status, problem=problem.slug, address=address
    )
    await websocket.send_denial_response(
        JSONResponse(problem.document(), status_code=problem.status, media_type="application/problem+json")
    )


async def admit(websocket: WebSocket, *, public_url: str) -> Principal:
    """Who opens this socket, before it is accepted.

    Raises Problem 403 `origin-refused` or 401 `invalid-token`; answer it with `deny`.
    """
    origin = websocket.headers.get("origin")
    if origin is not None and not _same_origin(origin, public_url, websocket.headers.get("host", "")):
        raise Problem("origin-refused", title="Not allowed", status=403, detail=f"{origin} may not connect here.")
    identity: Identity = websocket.app.state.identity
    if ticket := websocket.query_params.get("ticket"):
        principal = await identity.redeem(ticket, websocket.url.path)
        await identity.require_alive(principal)
    elif token := bearer(websocket):
        principal = await identity.verify(token)
    else:
        raise unauthorized("A WebSocket needs `?ticket=` (POST /api/ws-ticket) or an Authorization header.")
    log.info("socket_admitted", path=websocket.url.path, account=principal.account_id)
    return principal


def _same_origin(origin: str, public_url: str, host: str) -> bool:
    """The gateway's own origin, or the very host that was asked (a gateway reached by another name)."""
    return origin == public_url.rstrip("/") or urlsplit(origin).netloc == host


async def send_bounded(sending: Awaitable[None]) -> None:
    """Send, but never wait for a reader that has stopped reading. Raises StalledReaderError."""
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            await sending
    except TimeoutError:
        raise StalledReaderError from None


@asynccontextmanager
async def closed_with_session(
    websocket: WebSocket, principal: Principal, close: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[None]:
    """While inside, end the socket with 1008 when its session is ended.

    `close` ends it in another way than by closing the socket.
    """
    identity: Identity = websocket.app.state.identity

    async def watch() -> None:
        await identity.until_revoked(principal)
        if close is not None:
            await close()
        else:
            await websocket.close(POLICY_VIOLATION, "session ended")

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
