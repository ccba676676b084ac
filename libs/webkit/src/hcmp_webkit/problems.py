"""Problem documents (RFC 9457): every failure that a caller sees has a stable slug and a clear sentence."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import OperationalError
from psycopg.errors import DiskFull
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from hcmp_contracts.cause import Cause
from hcmp_eventstore.errors import ConcurrencyError, StoreFullError, StoreUnavailableError, WritesRefusedError

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

ErrorTable = Mapping[type[Exception], Callable[[Any], "Problem"]]


class Problem(HTTPException):
    """A failure as the caller reads it: `type` is the slug, `facts` are fields of its own.

    It is an HTTPException so that FastAPI lets it through from everywhere, the reading of a body included.
    """

    def __init__(
        self,
        slug: str,
        *,
        title: str,
        status: int,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(status_code=status, detail=detail or title, headers=dict(headers or {}))
        self.slug = slug
        self.title = title
        self.status = status
        self.facts = facts

    def document(self) -> dict[str, Any]:
        """The JSON members, in RFC 9457's order."""
        return {
            "type": self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.facts,
        }

    def response(self) -> JSONResponse:
        return JSONResponse(self.document(), status_code=self.status, headers=self.headers, media_type=MEDIA_TYPE)


def field_name(where: tuple[int | str, ...]) -> str:
    """The field that a fault of pydantic's is in, or all of it."""
    return ".".join(map(str, where)) or "body"


def field_cause(fault: ErrorDetails, where: tuple[int | str, ...]) -> Cause:
    """What is wrong with the field there. Pydantic's type of fault is the slug (`missing`, `int_parsing`), its
    context the facts; what one of our validators says is `said`.
    """
    context = fault.get("ctx", {})
    facts: dict[str, str | int] = {name: value for name, value in context.items() if isinstance(value, str | int)}
    if isinstance(context.get("error"), ValueError):
        facts["said"] = str(context["error"])
    return Cause(slug=f"field-{fault['type'].replace('_', '-')}", facts={"field": field_name(where), **facts})


def not_found() -> Problem:
    """What is absent and what is somebody else's answer alike, so that nothing can be probed."""
    return Problem("not-found", title="Not found", status=404, detail="There is nothing here for you.")


_SHARED: ErrorTable = {
    ConcurrencyError: lambda _: Problem(
        "conflict",
        title="Changed at the same time",
        status=409,
        detail="Somebody else changed this at the same time. Look at it again and repeat your request.",
    ),
    StoreUnavailableError: lambda _: Problem(
        "log-unavailable",
        title="The event log does not answer",
        status=503,
        detail="The event log did not answer in time. Repeat the request: under the same Idempotency-Key "
        "it is done only once.",
        headers={"Retry-After": "5"},
    ),
    StoreFullError: lambda _: Problem(
        "log-full",
        title="The event log has no room",
        status=507,
        detail="Nothing was changed: the disk of the event log is full. An operator has to make room.",
    ),
    DiskFull: lambda _: Problem(
        "database-full",
        title="The database has no room",
        status=507,
        detail="Nothing was changed: the disk of the database is full. An operator has to make room.",
    ),
    OperationalError: lambda _: Problem(
        "database-unavailable",
        title="The database does not answer",
        status=503,
        detail="The read model cannot be asked just now. Try again in a moment.",
        headers={"Retry-After": "2"},
    ),
    WritesRefusedError: lambda error: Problem(
        "log-damaged",
        title="The event log has lost events",
        status=503,
        detail=f"No change is accepted until an operator has restored the log: {error.reason}.",
    ),
}


def install(app: FastAPI, errors: ErrorTable) -> None:
    """Answer every exception with a problem document; `errors` is the service's own table."""

    async def problem(request: Request, error: Problem) -> JSONResponse:
        return _answered(request, error)

    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        faults: Sequence[ErrorDetails] = error.errors()
        fields = [{"field": ".".join(map(str, item["loc"][1:])), "reason": item["msg"]} for item in faults]
        named = "; ".join(f"{item['field'] or 'body'}: {item['reason']}" for item in fields)
        causes = [field_cause(item, item["loc"][1:]).model_dump() for item in faults]
        return _answered(
            request,
            Problem(
                "malformed-request",
                title="Malformed request",
                status=422,
                detail=named,
                errors=fields,
                causes=causes,
            ),
        )

    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == HTTPStatus.NOT_FOUND:
            return _answered(request, not_found())
        phrase = HTTPStatus(error.status_code).phrase
        return _answered(
            request,
            Problem(
                phrase.lower().replace(" ", "-"),
                title=phrase,
                status=error.status_code,
                detail=str(error.detail),
                headers=error.headers,
            ),
        )

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        """Starlette answers these outside of all middleware, where neither header nor log has the id by itself."""
        correlation_id = request.state.correlation_id
        log.error("request_broke", correlation_id=correlation_id, exc_info=error)
        return Problem(
            "internal-error",
            title="Something went wrong on our side",
            status=500,
            detail="The fault is recorded under the correlation id in this answer's X-Correlation-ID header.",
            headers={"X-Correlation-ID": correlation_id, "Cache-Control": "no-store"},
        ).response()

    app.add_exception_handler(Problem, problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, malformed)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, http)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, unexpected)
    for kind, to_problem in {**_SHARED, **errors}.items():
        app.add_exception_handler(kind, _table_row(to_problem))


def _answered(request: Request, problem: Problem) -> JSONResponse:
    """The answer; the request's line in the log names the slug."""
    request.state.problem = problem.slug
    return problem.response()


def _table_row(to_problem: Callable[[Any], Problem]) -> Callable[[Request, Exception], Any]:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        problem = to_problem(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("request_not_served", slug=problem.slug, reason=str(error))
        return _answered(request, problem)

    return answer
