"""The pool as people see it, settings, and Prometheus' targets."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from hcmp_contracts.settings import PLATFORM, SettingChange, SettingsChanged
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain.settings import DECIDER
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.requests import requested

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


async def test_members_see_their_own_machines_and_of_others_only_name_and_status(
    operator: AsyncClient, member: AsyncClient, mina: Account, event_store: EventStore
) -> None:
    await furnished(operator, 3)
    jun = Account("jun")
    for owner in (mina, jun):
        await happened(event_store, str(uuid4()), requested(1, owner.id, username=owner.username))
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


async def test_the_pool_comes_in_pages_by_name_now_and_as_it_was(operator: AsyncClient) -> None:
    await furnished(operator, 3)

    async def names(**params: str) -> list[list[str]]:
        pages: list[list[str]] = []
        cursor = ""
        while not pages or cursor:
            asked = params | {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            answer = (await operator.get("/api/pool", params=asked)).json()
            assert answer["counts"] == EMPTY | {"available": 3}
            pages.append([vm["name"] for vm in answer["vms"]])
            cursor = answer["next_cursor"]
        return pages

    assert await names() == await names(at=datetime.now(UTC).isoformat()) == [["lab-01", "lab-02"], ["lab-03"]]
    assert (await operator.get("/api/pool", params={"cursor": "bm9wZSE="})).status_code == 422


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
    compressed = changed.headers["ETag"].replace('"', "") + "-gzip"  # as the gateway names what it compresses
    body, seen = changed.json() | {"maintenance_mode": False}, {"If-Match": f'"{compressed}"'}
    back = await operator.put("/api/admin/settings", json=body, headers=seen)
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


async def test_the_service_says_what_its_document_says(operator: AsyncClient) -> None:
    document = (await operator.get("/openapi.json")).json()
    assert set(document["paths"]["/api/vms/{id}"]) == {"get", "patch", "delete"}
    assert httpx.codes.is_success((await operator.get("/healthz")).status_code)
    assert (await operator.get("/readyz")).json()["failures"] == {}
