"""Serving: what a service does with its process before it takes requests, and whom it believes."""

import gc
from collections.abc import MutableMapping
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import SecretStr

from hcmp_webkit import logs
from hcmp_webkit.serve import options, serve
from hcmp_webkit.settings import ServiceSettings

VISITOR = "203.0.113.9"

SETTINGS = ServiceSettings(
    port=0,
    nats_url="",
    nats_user="",
    nats_password=SecretStr(""),
    database_url=SecretStr(""),
    public_url="",
)


def test_a_full_collection_does_not_go_through_what_the_imports_have_made(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: frozen.append(gc.get_freeze_count()))
    gc.unfreeze()
    try:
        serve(FastAPI(), SETTINGS, service="tested")
    finally:
        gc.unfreeze()
    assert frozen > [0]


async def seen_from(peer: str, gateways: dict[str, str]) -> str:
    """Which address a route sees when this peer says that the request is the visitor's."""
    app = FastAPI()
    seen: list[str] = []

    @app.get("/")
    async def whence(request: Request) -> None:
        assert request.client is not None
        seen.append(request.client.host)

    served = uvicorn.Config(app, **options(SETTINGS.model_copy(update=gateways)))
    served.load()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(_: MutableMapping[str, Any]) -> None:
        pass

    headers = [(b"x-forwarded-for", VISITOR.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    await served.loaded_app(scope | {"client": (peer, 1), "scheme": "http"}, receive, send)
    return seen[0]


@pytest.mark.parametrize(
    ("peer", "gateways", "address"),
    [
        ("127.0.0.1", {}, VISITOR),
        ("10.0.7.2", {}, "10.0.7.2"),
        ("10.0.7.2", {"gateway_addresses": "10.0.7.0/24, 127.0.0.1"}, VISITOR),
        ("10.0.8.2", {"gateway_addresses": "10.0.7.0/24, 127.0.0.1"}, "10.0.8.2"),
    ],
)
async def test_only_the_gateway_is_believed_from_whom_a_request_came(
    peer: str, gateways: dict[str, str], address: str
) -> None:
    assert await seen_from(peer, gateways) == address
