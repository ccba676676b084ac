"""A broker that comes back on an older store under the running inventory: nothing is written on top of it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from httpx import AsyncClient, Response
from nats.aio.client import Client

from hcmp_testkit.history import eventually
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.older_store import older_store


async def maintenance(operator: AsyncClient, message: str) -> Response:
    return await operator.put(
        "/api/admin/settings", json={"maintenance_mode": True, "maintenance_message": message}
    )


async def test_a_log_that_lost_events_turns_the_service_red_and_takes_no_write(
    running: Callable[[], AbstractAsyncContextManager[FastAPI]],
    signed_in_to: Callable[[FastAPI, Account], AsyncClient],
    nats_server: NatsServer,
    broker: Client,
) -> None:
    async with running() as app, signed_in_to(app, Account("operator", role="admin")) as operator:
        assert (await maintenance(operator, "kept")).status_code == 200
        kept = app.state.parts.projector.position
        async with older_store(nats_server, broker):
            answer = await eventually(lambda: maintenance(operator, "lost"), lambda found: found.is_success, 20)
            assert answer.json()["maintenance_message"] == "lost"

        async def refused() -> Response:
            answer = await maintenance(operator, "written on top")
            assert answer.status_code == 503, answer.text
            return answer

        answer = await eventually(refused, lambda found: found.json()["type"] == "log-damaged", 30)
        assert f"the log ends at {kept}" in answer.json()["detail"]
        ready = await eventually(
            lambda: operator.get("/readyz"),
            lambda found: "log ends" in found.json()["failures"].get("read-model", ""),
            20,
        )
        assert ready.status_code == 503
        assert (await operator.get("/api/pool")).status_code == 200, "what is known can still be read"
        assert (await broker.jetstream().stream_info("EVENTS")).state.last_seq == kept
