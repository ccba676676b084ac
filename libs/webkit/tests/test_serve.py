"""Serving: what a service does with its process before it takes requests."""

import gc

import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from hcmp_webkit import logs
from hcmp_webkit.serve import serve
from hcmp_webkit.settings import ServiceSettings

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
