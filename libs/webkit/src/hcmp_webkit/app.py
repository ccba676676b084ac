"""The FastAPI application that every service starts from."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import structlog
from fastapi import FastAPI
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from hcmp_webkit import health, openapi, problems
from hcmp_webkit.identity import Principal
from hcmp_webkit.problems import ErrorTable

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1_048_576
DURATION = Histogram(
    "hcmp_http_request_seconds",
    "Time to answer",
    ["method", "route", "status"],
    buckets=(0.01, 0.05, 0.1, 0.3, 1, 5),
)
_CORRELATION_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(*, service: str, lifespan: Lifespan | None = None, errors: ErrorTable | None = None) -> FastAPI:
    """An application with health, metrics, correlation ids, bounded bodies and problem documents.

    `app.state.readiness` takes the service's checks, `app.state.refreshes` what is to happen before its metrics
    are read. Routes are added by the caller.
    """
    app = FastAPI(
        title=f"H-CMP {service}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        responses=openapi.RESPONSES,
    )
    app.state.readiness = health.Readiness()
    app.state.refreshes = list[health.Refresh]()
    app.include_router(health.router)
    problems.install(app, errors or {})
    openapi.install(app)
    app.add_middleware(RequestFrame)
    return app


class RequestFrame:
    """Around each request: a correlation id, a bounded body, no copy in a cache unless the route allows one, and a
    line in the log that says who asked for what, what became of it and how long it took.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation_id = headers.get("x-correlation-id", "")
        if not _CORRELATION_ID.match(correlation_id):
            correlation_id = str(uuid7())
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            if scope["type"] == "websocket":
                await self.app(scope, receive, send)
            else:
                await self._http(scope, receive, send, correlation_id)

    async def _http(self, scope: Scope, receive: Receive, send: Send, correlation_id: str) -> None:
        began = time.perf_counter()
        status = 500

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["X-Correlation-ID"] = correlation_id
                answered.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, _bounded(receive), send_framed)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            seconds = time.perf_counter() - began
            DURATION.labels(scope["method"], route, status).observe(seconds)
            if route not in ("/healthz", "/readyz", "/metrics"):
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 1),
                    **_asked_by(scope),
                )


def _asked_by(scope: Scope) -> dict[str, str]:
    """Where a request came from, whose it was once that was known, and for what it was refused."""
    state: Mapping[str, object] = scope["state"]
    told = {"address": (scope.get("client") or ("unknown",))[0]}
    if isinstance(caller := state.get("principal"), Principal):
        told["account"] = caller.account_id
    if isinstance(slug := state.get("problem"), str):
        told["problem"] = slug
    return told


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise problems.Problem(
                "payload-too-large",
                title="The request is too large",
                status=413,
                detail=f"A request holds at most {MAX_BODY_BYTES} bytes.",
            )
        return message

    return receive_bounded
