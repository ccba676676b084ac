"""What other services ask of auth: tickets, keys, a password checked again."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient
from nats.aio.client import Client

from hcmp_webkit.identity import remote_identity

Visitor = Callable[..., Awaitable[AsyncClient]]


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"]


@pytest.fixture
async def http(alice: str, visitor: Visitor) -> AsyncClient:
    """Alice's browser."""
    return await visitor("alice")


async def test_a_ticket_is_good_once_for_its_target(
    alice: str, http: AsyncClient, visitor: Visitor, broker: Client, advance_time: Callable[[float], None]
) -> None:
    answer = await http.post("/api/ws-ticket", json={"target": "/ws/ssh/web-1"})
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 30)
    ticket = answer.json()["ticket"]
    identity = remote_identity(broker)
    principal = await identity.redeem(ticket, "/ws/ssh/web-1")
    assert (principal.account_id, principal.username, principal.role.value) == (alice, "alice", "user")

    async def redeem(ticket: str, target: str = "/ws/ssh/web-1") -> Any:
        question = json.dumps({"ticket": ticket, "target": target}).encode()
        return json.loads((await broker.request("hcmp.rpc.auth.redeem-ticket", question)).data)

    assert await redeem(ticket) == {"error": "ticket-unknown"}
    assert await redeem("made up") == {"error": "ticket-unknown"}

    foreign = (await http.post("/api/ws-ticket", json={"target": "/ws/ssh/web-1"})).json()["ticket"]
    assert await redeem(foreign, "/ws/ssh/db-1") == {"error": "ticket-for-another-target"}
    assert await redeem(foreign) == {"error": "ticket-unknown"}

    anywhere = (await http.post("/api/ws-ticket")).json()["ticket"]
    answers = await asyncio.gather(*(redeem(anywhere, "/ws/logs/1") for _ in range(5)))
    assert sum("account" in answer for answer in answers) == 1

    late = (await http.post("/api/ws-ticket")).json()["ticket"]
    advance_time(30)
    assert await redeem(late) == {"error": "ticket-expired"}


async def test_no_ticket_without_a_session_and_none_for_another_kind_of_target(
    http: AsyncClient, visitor: Visitor
) -> None:
    assert problem(await (await visitor()).post("/api/ws-ticket")) == (401, "invalid-token")
    for target in ("/api/me", "/ws/\u0000", "ws/ssh/1", "/ws/" + "x" * 300):
        answer = await http.post("/api/ws-ticket", json={"target": target})
        assert problem(answer) == (422, "malformed-request")


async def test_the_key_set_is_the_same_over_http_and_over_the_broker(visitor: Visitor, broker: Client) -> None:
    over_http = (await (await visitor()).get("/.well-known/jwks.json")).json()
    over_broker = json.loads((await broker.request("hcmp.rpc.auth.jwks", b"")).data)
    assert over_http == over_broker
    [key] = over_http["keys"]
    assert (key["kty"], key["crv"], key["alg"], "d" in key) == ("OKP", "Ed25519", "EdDSA", False)


async def test_another_service_has_a_password_checked_and_guessing_is_throttled(
    alice: str, http: AsyncClient, broker: Client
) -> None:
    async def verify(password: str) -> Any:
        question = json.dumps({"account_id": alice, "password": password}).encode()
        return json.loads((await broker.request("hcmp.rpc.auth.verify-password", question)).data)

    assert await verify("correct horse") == {"ok": True}
    assert [await verify("guess") for _ in range(10)] == [{"ok": False}] * 10
    refused = await verify("correct horse")
    assert (refused["ok"], refused["error"]) == (False, "too-many-attempts")
    malformed = await broker.request("hcmp.rpc.auth.verify-password", b"{")
    assert json.loads(malformed.data) == {"error": "malformed-request"}
