"""The pool as people see it, settings, Prometheus' targets, and the factory reset."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from nats.aio.client import Client

from hcmp_contracts.allocation import AllocationDenied
from hcmp_contracts.logs import LineFrame
from hcmp_contracts.project import ProjectDeleted, ProjectRequested, RoleCount
from hcmp_contracts.settings import PLATFORM, SettingChange, SettingsChanged
from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain.settings import DECIDER
from hcmp_inventory.domain.system import PLATFORM as SYSTEM
from hcmp_inventory.ports.provider import Machine
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.ssh_lab import SshLab

EMPTY = {
    "available": 0,
    "provisioning": 0,
    "assigned": 0,
    "recycling": 0,
    "quarantined": 0,
    "maintenance": 0,
}


def requested(owner: Account, count: int) -> ProjectRequested:
    return ProjectRequested(
        name="shop",
        owner_id=owner.id,
        owner_username=owner.username,
        template="single",
        packages=[],
        roles=[RoleCount(name="web", count=count)],
        steps=[],
    )


async def counted(http: AsyncClient) -> dict[str, int]:
    counts: dict[str, int] = (await http.get("/api/pool")).json()["counts"]
    return counts


async def furnished(operator: AsyncClient, count: int) -> None:
    answer = await operator.post("/api/vms/import", json={"provider": "docker", "count": count})
    assert answer.status_code == 201, answer.text


async def test_members_see_their_own_machines_and_of_others_only_name_and_status(
    operator: AsyncClient, member: AsyncClient, mina: Account, event_store: EventStore
) -> None:
    await furnished(operator, 3)
    jun = Account("jun")
    for owner in (mina, jun):
        await happened(event_store, str(uuid4()), requested(owner, 1))
    await eventually(lambda: counted(member), lambda counts: counts == EMPTY | {"available": 1, "provisioning": 2})
    for_mina = (await member.get("/api/pool")).json()
    assert [vm["name"] for vm in for_mina["vms"]] == ["lab-01", "lab-02", "lab-03"]
    assert {vm["owner"] for vm in for_mina["vms"]} == {None, "mina"}
    [own] = [vm for vm in for_mina["vms"] if vm["owner"]]
    assert (own["role"], own["address"]) == ("web", f"{own['name']}.lab.test")
    assert {vm["address"] for vm in for_mina["vms"] if vm["name"] != own["name"]} == {None}
    for_operator = (await operator.get("/api/pool")).json()
    assert {vm["owner"] for vm in for_operator["vms"]} == {None, "mina", "jun"}


async def test_the_pool_is_shown_as_it_was(operator: AsyncClient) -> None:
    before = datetime.now(UTC)
    await furnished(operator, 2)
    between = datetime.now(UTC)
    vm_id = (await operator.get("/api/vms")).json()["vms"][0]["id"]
    await operator.post(f"/api/vms/{vm_id}/maintenance", json={"reason": "disk"})

    async def at(time: datetime) -> dict[str, int]:
        answer = await operator.get("/api/pool", params={"at": time.isoformat()})
        assert answer.status_code == 200, answer.text
        counts: dict[str, int] = answer.json()["counts"]
        assert sum(counts.values()) == len(answer.json()["vms"])
        return counts

    assert await at(before) == EMPTY
    assert await at(between) == EMPTY | {"available": 2}
    assert await at(datetime.now(UTC)) == EMPTY | {"available": 1, "maintenance": 1}
    assert (await operator.get("/api/pool?at=yesterday")).status_code == 422
    for edge in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"):
        assert (await operator.get("/api/pool", params={"at": edge})).status_code == 200


async def test_settings_are_kept_told_and_never_show_the_password(
    operator: AsyncClient, member: AsyncClient, event_store: EventStore
) -> None:
    first = await operator.get("/api/admin/settings")
    assert first.json()["vcenter_password_set"] is False
    change = {
        "vcenter_host": "vcenter.example.org",
        "vcenter_password": "s3cret-vcenter",
        "maintenance_mode": True,
        "maintenance_message": "정오에 돌아옵니다",
    }
    changed = await operator.put("/api/admin/settings", json=change, headers={"If-Match": first.headers["ETag"]})
    assert changed.status_code == 200, changed.text
    assert "s3cret-vcenter" not in changed.text
    assert changed.json()["vcenter_password_set"] is True
    assert (await operator.get("/api/admin/settings")).json() == changed.json()
    assert (await member.get("/api/pool")).json()["maintenance"] == {
        "enabled": True,
        "message": "정오에 돌아옵니다",
    }
    history = await event_store.load(DECIDER.aggregate, PLATFORM)
    assert all("s3cret-vcenter" not in recorded.envelope.model_dump_json() for recorded in history)
    again = await operator.put("/api/admin/settings", json=change)
    assert again.headers["ETag"] == changed.headers["ETag"]
    stale = await operator.put("/api/admin/settings", json=change, headers={"If-Match": first.headers["ETag"]})
    assert (stale.status_code, stale.json()["type"]) == (412, "precondition-failed")
    back = await operator.put("/api/admin/settings", json=changed.json() | {"maintenance_mode": False})
    assert back.status_code == 200, back.text
    assert (await member.get("/api/pool")).json()["maintenance"]["enabled"] is False
    assert (await member.get("/api/admin/settings")).status_code == 403


async def test_a_password_that_no_key_opens_any_more_can_be_replaced(
    operator: AsyncClient, event_store: EventStore
) -> None:
    lost = Fernet(Fernet.generate_key()).encrypt(b"s3cret-vcenter").decode()
    set_before = SettingChange(name="vcenter_password", before=None, after="***")
    await happened(event_store, PLATFORM, SettingsChanged(changes=[set_before], vcenter_password=lost))
    replaced = await operator.put("/api/admin/settings", json={"vcenter_password": "s3cret-vcenter"})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["vcenter_password_set"] is True
    again = await operator.put("/api/admin/settings", json={"vcenter_password": "s3cret-vcenter"})
    assert again.headers["ETag"] == replaced.headers["ETag"], "it is readable now, and the same"


@pytest.mark.parametrize(
    "change",
    [
        {"vcenter_host": "a b"},
        {"vcenter_host": "http://vcenter"},
        {"prometheus_url": "file:///etc/passwd"},
        {"prometheus_url": "http://user:secret@prometheus"},
        {"vcenter_username": "a\r\nb"},
        {"maintenance_message": "x" * 501},
        {"maintenance_mode": "perhaps"},
        {"unknown": 1},
    ],
)
async def test_malformed_settings_are_422(operator: AsyncClient, change: dict[str, Any]) -> None:
    answer = await operator.put("/api/admin/settings", json=change)
    assert (answer.status_code, answer.json()["type"]) == (422, "malformed-request")


async def test_prometheus_finds_machines_and_services_with_its_token_only(
    operator: AsyncClient, inventory_app: FastAPI
) -> None:
    await furnished(operator, 2)
    async with AsyncClient(transport=ASGITransport(inventory_app), base_url="http://hcmp.test") as prometheus:
        assert (await prometheus.get("/api/prometheus-sd")).status_code == 401
        wrong = await prometheus.get("/api/prometheus-sd", headers={b"Authorization": "Bearer é".encode()})
        assert wrong.status_code == 401
        right = {"Authorization": "Bearer the discovery's token"}
        groups = (await prometheus.get("/api/prometheus-sd", headers=right)).json()
    assert [group["labels"].get("vm_name") for group in groups] == ["lab-01", "lab-02", None]
    assert groups[0]["targets"] == ["127.0.0.1:9100"]
    assert groups[0]["labels"]["job"] == "node"
    assert groups[2] == {"targets": ["127.0.0.1:8101", "127.0.0.1:8102"], "labels": {"job": "hcmp"}}


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


async def test_a_reset_waits_for_runs_takes_all_machines_and_logs_and_the_pool_can_be_filled_again(
    operator: AsyncClient, mina: Account, lab: SshLab[Machine], event_store: EventStore, broker: Client
) -> None:
    await furnished(operator, 3)
    project = str(uuid4())
    await happened(event_store, project, requested(mina, 2))
    await eventually(lambda: counted(operator), lambda counts: counts["provisioning"] == 2)
    writer = await open_log(broker, project)
    line = LineFrame(seq=0, time=datetime.now(UTC), text="a line")
    await writer.append([writer.number(line)])
    answer = await operator.post(
        "/api/admin/reset", json={"confirm": "RESET", "password": "the operator's password"}
    )
    assert answer.status_code == 202, answer.text
    await asyncio.sleep(0.5)
    assert (await counted(operator))["provisioning"] == 2
    refused = await operator.post("/api/vms/import", json={"provider": "docker", "count": 1})
    assert (refused.status_code, refused.json()["type"]) == (503, "reset-in-progress")
    late = str(uuid4())
    await happened(event_store, late, requested(mina, 1))

    async def answer_to_late() -> list[Any]:
        return [recorded.event for recorded in await event_store.load("allocation", late)]

    assert await eventually(answer_to_late, bool) == [AllocationDenied(attempt=1, needed=1, available=0)]
    await happened(event_store, project, ProjectDeleted())

    async def system() -> list[Any]:
        return [recorded.event for recorded in await event_store.load("system", SYSTEM)]

    ended = await eventually(system, lambda events: len(events) == 2, seconds=20)
    assert ended == [FactoryResetRequested(), FactoryResetCompleted(projects=1, machines=3)]
    assert await counted(operator) == EMPTY
    assert lab.machines == {}
    assert lab.recycled == []
    assert (await broker.jetstream().stream_info("LOGS")).state.messages == 0
    await furnished(operator, 3)
    assert [vm["name"] for vm in (await operator.get("/api/pool")).json()["vms"]] == ["lab-01", "lab-02", "lab-03"]


async def test_a_reset_that_was_killed_half_way_is_finished_by_the_next_start(
    running: Callable[[], AbstractAsyncContextManager[FastAPI]],
    signed_in_to: Callable[[FastAPI, Account], AsyncClient],
    lab: SshLab[Machine],
    event_store: EventStore,
) -> None:
    boss = Account("operator", role="admin")
    async with running() as app, signed_in_to(app, boss) as operator:
        await furnished(operator, 2)
        await happened(event_store, str(uuid4()), requested(boss, 1))
        await eventually(lambda: counted(operator), lambda counts: counts["provisioning"] == 1)
        body = {"confirm": "RESET", "password": "the operator's password"}
        assert (await operator.post("/api/admin/reset", json=body)).status_code == 202
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


async def test_the_service_says_what_its_document_says(operator: AsyncClient) -> None:
    document = (await operator.get("/openapi.json")).json()
    assert set(document["paths"]["/api/vms/{id}"]) == {"get", "patch", "delete"}
    assert httpx.codes.is_success((await operator.get("/healthz")).status_code)
    assert (await operator.get("/readyz")).json()["failures"] == {}
