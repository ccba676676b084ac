"""The door of a service: every answer is framed, every failure is a problem document."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import Request, Response
from jsonschema import Draft202012Validator
from psycopg.errors import DiskFull
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

from hcmp_contracts.account import Role
from hcmp_eventstore.errors import ConcurrencyError, StoreFullError, StoreUnavailableError
from hcmp_webkit.app import MAX_BODY_BYTES, create_app
from hcmp_webkit.identity import Principal
from hcmp_webkit.logs import one_line, redact
from hcmp_webkit.openapi import PROBLEM
from hcmp_webkit.problems import Problem

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class NoMachinesError(Exception):
    def __init__(self, needed: int) -> None:
        super().__init__(f"{needed} machines are missing")
        self.needed = needed


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def raising(error: Exception) -> Any:
    async def route() -> None:
        raise error

    return route


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        service="test",
        errors={
            NoMachinesError: lambda error: Problem(
                "insufficient-capacity", title="Not enough machines", status=409, needed=error.needed
            )
        },
    )
    app.get("/domain")(raising(NoMachinesError(3)))
    app.get("/conflict")(raising(ConcurrencyError("hcmp.vm.a.>", 1, 2)))
    app.get("/silent")(raising(StoreUnavailableError("append")))
    app.get("/full")(raising(StoreFullError("insufficient resources")))
    app.get("/database-full")(raising(DiskFull("secret path")))
    app.get("/no-database")(raising(PoolTimeout("secret host")))
    app.get("/bug")(raising(ZeroDivisionError("secret detail")))

    @app.post("/body")
    async def take(body: Body) -> dict[str, str]:
        return {"name": body.name}

    @app.get("/mine")
    async def mine(request: Request) -> None:
        request.state.principal = Principal("account-1", "kim", Role.USER, "session-1", NOW, NOW)
        raise Problem("forbidden", title="Not allowed", status=403)

    @app.get("/kept")
    async def kept(response: Response) -> None:
        response.headers["Cache-Control"] = "max-age=60"

    async def not_ready() -> str | None:
        return "catching up"

    app.state.readiness.add("read-model", not_ready)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/domain", 409, "insufficient-capacity"),
        ("/conflict", 409, "conflict"),
        ("/silent", 503, "log-unavailable"),
        ("/full", 507, "log-full"),
        ("/database-full", 507, "database-full"),
        ("/no-database", 503, "database-unavailable"),
        ("/bug", 500, "internal-error"),
        ("/nowhere", 404, "not-found"),
        ("/body", 405, "method-not-allowed"),
    ],
)
async def test_a_failure_is_a_problem_document_with_a_stable_slug(
    client: httpx.AsyncClient, path: str, status: int, slug: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"], answer.json()["status"]) == (status, slug, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.headers["x-correlation-id"]


async def test_a_domain_errors_facts_are_fields_of_the_document(client: httpx.AsyncClient) -> None:
    assert (await client.get("/domain")).json()["needed"] == 3


async def test_a_silent_log_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    assert (await client.get("/silent")).headers["retry-after"] == "5"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": 1}', b'{"name": "a", "other": 1}', b"\xff\x00"])
async def test_a_malformed_body_is_422_and_names_the_field(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/body", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (422, "malformed-request")
    assert answer.json()["errors"]


async def test_a_body_above_the_bound_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/body", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["type"]) == (413, "payload-too-large")


async def test_every_answer_carries_a_correlation_id_and_keeps_a_good_one(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).headers["x-correlation-id"]
    kept = await client.get("/healthz", headers={"X-Correlation-ID": "request-0001"})
    assert kept.headers["x-correlation-id"] == "request-0001"
    replaced = await client.get("/healthz", headers={"X-Correlation-ID": "x y\tz"})
    assert replaced.headers["x-correlation-id"] != "x y\tz"


@pytest.mark.parametrize("path", ["/healthz", "/domain", "/bug", "/nowhere", "/mine"])
async def test_no_cache_keeps_an_answer_unless_its_route_allows_it(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers.get_list("cache-control") == ["no-store"]
    assert (await client.get("/kept")).headers.get_list("cache-control") == ["max-age=60"]


async def test_a_refused_request_is_logged_with_who_from_where_and_why(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        await client.get("/mine")
        await client.post("/body", json={})
    [mine, body] = [line for line in lines if line["event"] == "request"]
    asked = {name: mine[name] for name in ("path", "status", "address", "account", "problem")}
    assert asked == {
        "path": "/mine",
        "status": 403,
        "address": "127.0.0.1",
        "account": "account-1",
        "problem": "forbidden",
    }
    assert (body["problem"], "account" in body) == ("malformed-request", False)


async def test_a_service_that_is_not_ready_says_what_is_missing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failures"] == {"read-model": "catching up"}


async def test_requests_are_counted_by_route_not_by_path(client: httpx.AsyncClient) -> None:
    await client.get("/domain")
    assert 'route="/domain"' in (await client.get("/metrics")).text


def test_values_named_like_secrets_never_reach_the_log() -> None:
    event = redact(None, "info", {"event": "login", "password": "p", "access_token": "t", "username": "mina"})
    assert event == {"event": "login", "password": "***", "access_token": "***", "username": "mina"}


def test_a_ticket_in_a_logged_address_is_blanked() -> None:
    event = redact(None, "info", {"event": '"WebSocket /ws/ssh/1?after=1&ticket=abc.def" [accepted]'})
    assert event["event"] == '"WebSocket /ws/ssh/1?after=1&ticket=***" [accepted]'


def test_nothing_that_is_logged_ends_its_line_or_moves_a_cursor() -> None:
    event = {"path": '/a\r\n{"event": "forged"}\x1b[2J\x9b2J\u2028\u202e', "name": "김"}
    line = one_line(event)
    assert line.isprintable()
    assert "김" in line
    assert json.loads(line) == event


@pytest.mark.parametrize("path", ["/domain", "/conflict", "/silent", "/bug", "/nowhere", "/body"])
async def test_a_refusal_is_what_the_document_says_it_is(client: httpx.AsyncClient, path: str) -> None:
    answer = await (client.post(path, json={}) if path == "/body" else client.get(path))
    assert answer.headers["content-type"] == "application/problem+json"
    Draft202012Validator(PROBLEM).validate(answer.json())
