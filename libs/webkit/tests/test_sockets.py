"""Who opens a socket, as the log tells it afterwards."""

from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from structlog.testing import capture_logs

from hcmp_contracts.account import Role
from hcmp_webkit.identity import Identity, Principal, unauthorized
from hcmp_webkit.problems import Problem
from hcmp_webkit.sockets import admit, deny

HOME = "https://cmp.example.org"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
KIM = Principal("account-1", "kim", Role.USER, "session-1", NOW, NOW)


def service() -> FastAPI:
    """It knows one ticket."""

    async def no_keys() -> dict[str, Any]:
        return {"keys": []}

    async def redeem(ticket: str, _: str) -> Principal:
        if ticket != "good":
            raise unauthorized("The ticket is not valid.")
        return KIM

    app = FastAPI()
    app.state.identity = Identity(fetch_jwks=no_keys, redeem=redeem)

    @app.websocket("/ws/echo")
    async def echo(websocket: WebSocket) -> None:
        try:
            await admit(websocket, public_url=HOME)
        except Problem as problem:
            await deny(websocket, problem)
            return
        await websocket.accept()
        await websocket.close()

    return app


async def handshake(query: str, origin: str) -> list[Any]:
    """Begin a socket as a server would; the kinds of message that come back."""
    answers: list[Any] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/ws/echo",
        "query_string": query.encode(),
        "headers": [(b"origin", origin.encode()), (b"host", b"cmp.example.org")],
        "client": ("198.51.100.7", 1),
        "server": ("cmp.example.org", 443),
        "scheme": "wss",
        "extensions": {"websocket.http.response": {}},
    }
    await service()(scope, receive, send)
    return answers


@pytest.mark.parametrize(
    ("query", "origin", "slug"),
    [
        ("", HOME, "invalid-token"),
        ("ticket=stolen", HOME, "invalid-token"),
        ("ticket=good", "https://evil.example.org", "origin-refused"),
    ],
)
async def test_a_refused_socket_is_logged_with_where_it_came_from_and_why(
    query: str, origin: str, slug: str
) -> None:
    with capture_logs() as lines:
        assert "websocket.accept" not in await handshake(query, origin)
    [line] = lines
    told = (line["event"], line["path"], line["problem"], line["address"])
    assert told == ("socket_refused", "/ws/echo", slug, "198.51.100.7")
    assert "stolen" not in str(lines)


async def test_an_admitted_socket_is_logged_with_whose_it_is() -> None:
    with capture_logs() as lines:
        assert "websocket.accept" in await handshake("ticket=good", HOME)
    assert [(line["event"], line["account"]) for line in lines] == [("socket_admitted", "account-1")]
