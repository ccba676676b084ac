"""The factory reset: it ends when every project that it found is gone, and takes all machines and logs."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from httpx import AsyncClient
from nats.aio.client import Client
from pydantic import SecretStr

from hcmp_contracts.allocation import AllocationDenied
from hcmp_contracts.logs import LineFrame
from hcmp_contracts.project import ProjectDeleted
from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import LOGS, TIMERS
from hcmp_eventstore.timers import set_timer
from hcmp_inventory.adapters.project_logs import PurgeableLogs
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.domain.system import PLATFORM as SYSTEM
from hcmp_inventory.handlers.cleaning import CleanUps
from hcmp_inventory.ports.provider import Machine
from hcmp_inventory.reactors.departures import Departures
from hcmp_inventory.reactors.resetting import Resetting
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.requests import requested
from hcmp_testkit.ssh_lab import SshLab

RESET = {"confirm": "RESET", "password": "the operator's password"}
EMPTY = {
    "available": 0,
    "provisioning": 0,
    "assigned": 0,
    "recycling": 0,
    "quarantined": 0,
    "maintenance": 0,
}


async def counted(http: AsyncClient) -> dict[str, int]:
    counts: dict[str, int] = (await http.get("/api/pool")).json()["counts"]
    return counts


async def furnished(operator: AsyncClient, count: int) -> None:
    answer = await operator.post("/api/vms/import", json={"provider": "docker", "count": count})
    assert answer.status_code == 201, answer.text


async def told(store: EventStore, aggregate: str, aggregate_id: str) -> list[Any]:
    return [recorded.event for recorded in await store.load(aggregate, aggregate_id)]


async def test_a_reset_needs_the_word_the_role_and_the_password(
    operator: AsyncClient, member: AsyncClient, event_store: EventStore
) -> None:
    async def reset(http: AsyncClient, **body: str) -> tuple[int, str]:
        answer = await http.post("/api/admin/reset", json=body)
        return answer.status_code, answer.json()["type"]

    assert await reset(operator, confirm="reset", password="the operator's password") == (422, "malformed-request")
    assert await reset(operator, confirm="RESET", password="wrong") == (403, "wrong-password")
    assert await reset(operator, confirm="RESET", password="once too often") == (429, "too-many-attempts")
    assert await reset(member, confirm="RESET", password="the operator's password") == (403, "forbidden")
    assert await event_store.load("system", SYSTEM) == []


async def test_a_reset_waits_for_runs_takes_all_machines_logs_and_timers_and_the_pool_can_be_filled_again(
    operator: AsyncClient, mina: Account, lab: SshLab[Machine], event_store: EventStore, broker: Client
) -> None:
    await furnished(operator, 3)
    project = str(uuid4())
    await happened(event_store, project, requested(2, mina.id, username=mina.username))
    await eventually(lambda: counted(operator), lambda counts: counts["provisioning"] == 2)
    writer = await open_log(broker, project)
    line = LineFrame(seq=0, time=datetime.now(UTC), text="a line")
    await writer.append([writer.number(line)])
    name, due, tomorrow = f"hcmp.timer.lease.{project}", f"hcmp.timer.lease-due.{project}", timedelta(days=1)
    await set_timer(broker, name=name, target=due, at=datetime.now(UTC) + tomorrow, payload=b"{}")
    answer = await operator.post("/api/admin/reset", json=RESET)
    assert answer.status_code == 202, answer.text
    await asyncio.sleep(0.5)
    assert (await counted(operator))["provisioning"] == 2
    refused = await operator.post("/api/vms/import", json={"provider": "docker", "count": 1})
    assert (refused.status_code, refused.json()["type"]) == (503, "reset-in-progress")
    late = str(uuid4())
    await happened(event_store, late, requested(1, mina.id, username=mina.username))
    denied = await eventually(lambda: told(event_store, "allocation", late), bool)
    assert denied == [AllocationDenied(attempt=1, needed=1, available=0)]
    await happened(event_store, project, ProjectDeleted())
    ended = await eventually(
        lambda: told(event_store, "system", SYSTEM), lambda events: len(events) == 2, seconds=20
    )
    backup = answer.json()["backup"]
    assert ended == [
        FactoryResetRequested(backup=backup),
        FactoryResetCompleted(projects=1, machines=3, backup=backup),
    ]
    assert await counted(operator) == EMPTY
    assert lab.machines == {}
    assert lab.recycled == []
    left = {name: (await broker.jetstream().stream_info(name)).state.messages for name in (LOGS, TIMERS)}
    assert left == {LOGS: 0, TIMERS: 0}
    await furnished(operator, 3)
    assert [vm["name"] for vm in (await operator.get("/api/pool")).json()["vms"]] == ["lab-01", "lab-02", "lab-03"]


async def test_a_reset_that_was_killed_half_way_is_finished_by_the_next_start(
    running: Callable[[], AbstractAsyncContextManager[FastAPI]],
    signed_in_to: Callable[[FastAPI, Account], AsyncClient],
    lab: SshLab[Machine],
    event_store: EventStore,
    tmp_path: Path,
) -> None:
    boss = Account("operator", role="admin")
    async with running() as app, signed_in_to(app, boss) as operator:
        await furnished(operator, 2)
        await happened(event_store, str(uuid4()), requested(1, boss.id, username=boss.username))
        await eventually(lambda: counted(operator), lambda counts: counts["provisioning"] == 1)
        backup = (await operator.post("/api/admin/reset", json=RESET)).json()["backup"]
        await asyncio.sleep(0.5)
        [project] = [
            vm["project_id"] for vm in (await operator.get("/api/pool")).json()["vms"] if vm["project_id"]
        ]
    await happened(event_store, project, ProjectDeleted())
    async with running() as app, signed_in_to(app, boss) as operator:
        await eventually(lambda: counted(operator), lambda counts: counts == EMPTY, seconds=30)

        async def completed() -> bool:
            history = await event_store.load("system", SYSTEM)
            return isinstance(history[-1].event, FactoryResetCompleted)

        await eventually(completed, bool, seconds=20)
    assert lab.machines == {}
    assert {event.backup for event in await told(event_store, "system", SYSTEM)} == {backup}
    kept = await asyncio.to_thread(lambda: list((tmp_path / "backups").iterdir()))
    assert kept == [Path(backup)]


async def test_a_reset_does_not_end_before_a_project_without_machines_is_gone_too(
    operator: AsyncClient, mina: Account, event_store: EventStore
) -> None:
    await furnished(operator, 1)
    waiting = str(uuid4())
    await happened(event_store, waiting, requested(2, mina.id, username=mina.username))
    await eventually(lambda: told(event_store, "allocation", waiting), bool)
    deleted_before = str(uuid4())
    await happened(event_store, deleted_before, requested(2, mina.id, username=mina.username), ProjectDeleted())
    assert (await operator.post("/api/admin/reset", json=RESET)).status_code == 202
    await happened(
        event_store, str(uuid4()), requested(1, mina.id, username=mina.username)
    )  # comes too late to be waited for
    await asyncio.sleep(1)
    [begun] = await told(event_store, "system", SYSTEM)
    assert isinstance(begun, FactoryResetRequested)
    assert (await counted(operator))["available"] == 1
    await happened(event_store, waiting, ProjectDeleted())
    ended = await eventually(
        lambda: told(event_store, "system", SYSTEM), lambda events: len(events) == 2, seconds=20
    )
    assert ended == [begun, FactoryResetCompleted(projects=1, machines=1, backup=begun.backup)]


async def test_a_reset_that_is_left_alone_with_a_project_ends_all_the_same(
    inventory_app: FastAPI,
    operator: AsyncClient,
    mina: Account,
    event_store: EventStore,
    inventory_settings: InventorySettings,
) -> None:
    parts: Parts = inventory_app.state.parts
    await furnished(operator, 2)
    await happened(event_store, str(uuid4()), requested(1, mina.id, username=mina.username))
    await eventually(lambda: counted(operator), lambda counts: counts["provisioning"] == 1)
    assert (await operator.post("/api/admin/reset", json=RESET)).status_code == 202
    impatient = Resetting(
        event_store,
        parts.pool,
        parts.projector,
        parts.imports.providers,
        parts.imports.exclusive,
        purgeable(inventory_settings),
        parts.resets,
        parts.policies,
        Departures(parts.pool, CleanUps(parts.machines)),
        patience=0.5,
    )
    [begun] = await event_store.load("system", SYSTEM)
    await impatient(begun)
    [_, ended] = await told(event_store, "system", SYSTEM)
    assert (ended.projects, ended.machines) == (0, 2)
    assert await counted(operator) == EMPTY


def purgeable(settings: InventorySettings) -> PurgeableLogs:
    password: SecretStr = settings.reset_nats_password
    return PurgeableLogs(settings.nats_url, user=settings.reset_nats_user, password=password.get_secret_value())


async def test_machines_that_are_to_be_forgotten_leave_the_pool_and_stay_as_they_are(
    operator: AsyncClient, lab: SshLab[Machine], event_store: EventStore
) -> None:
    await furnished(operator, 2)
    assert (await operator.post("/api/admin/reset", json=RESET | {"machines": "forget"})).status_code == 202
    await eventually(lambda: told(event_store, "system", SYSTEM), lambda events: len(events) == 2, seconds=20)
    assert await counted(operator) == EMPTY
    assert sorted(lab.machines) == ["lab-01", "lab-02"]


async def test_a_reset_removes_the_pools_policies_so_that_the_pool_stays_empty(
    operator: AsyncClient, lab: SshLab[Machine], event_store: EventStore
) -> None:
    policy = {"provider": "docker", "minimum_ready": 2, "maximum": 4}
    assert (await operator.put("/api/pool/policies/small", json=policy)).status_code == 200
    await eventually(lambda: counted(operator), lambda counts: counts["available"] == 2, seconds=20)
    assert (await operator.post("/api/admin/reset", json=RESET)).status_code == 202
    await eventually(lambda: told(event_store, "system", SYSTEM), lambda events: len(events) == 2, seconds=20)
    assert (await operator.get("/api/pool/policies")).json() == {"policies": []}
    assert await counted(operator) == EMPTY
    assert lab.machines == {}
