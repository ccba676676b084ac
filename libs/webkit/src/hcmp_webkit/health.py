"""Liveness, readiness and metrics of a service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

FAILING = Gauge("hcmp_check_failing", "1 when this check of readiness is not well", ["check"])

Check = Callable[[], Awaitable[str | None]]
Refresh = Callable[[], Awaitable[None]]


@dataclass
class Readiness:
    """Named checks; each answers None when all is well, or the sentence that says what is not."""

    checks: dict[str, Check] = field(default_factory=dict)

    def add(self, name: str, check: Check) -> None:
        self.checks[name] = check

    async def failures(self) -> dict[str, str]:
        """The checks that are not well, by name."""
        answers = {name: await check() for name, check in self.checks.items()}
        return {name: answer for name, answer in answers.items() if answer is not None}


router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Alive: the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Ready: the service can do its work; otherwise 503 with what is missing."""
    failures = await request.app.state.readiness.failures()
    status = "unavailable" if failures else "ok"
    return JSONResponse({"status": status, "failures": failures}, status_code=503 if failures else 200)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus metrics of this process; among them the checks of readiness, so that one can alert on each, and
    what `app.state.refreshes` bring up to date first.
    """
    for refresh in request.app.state.refreshes:
        await refresh()
    readiness: Readiness = request.app.state.readiness
    failures = await readiness.failures()
    for name in readiness.checks:
        FAILING.labels(name).set(name in failures)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
