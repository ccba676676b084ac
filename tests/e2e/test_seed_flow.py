"""The flow of the system that this one replaces, point by point, through the gateway."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from hcmp_testkit.gateway import Person
from hcmp_testkit.installation import Installation

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]


async def read_until(websocket: ClientConnection, expected: bytes) -> bytes:
    seen = b""
    async with asyncio.timeout(15):
        while expected not in seen:
            frame = await websocket.recv()
            seen += frame if isinstance(frame, bytes) else b""
    return seen


async def control(websocket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next text frame of this type."""
    async with asyncio.timeout(15):
        async for frame in websocket:
            if isinstance(frame, str) and (message := json.loads(frame))["type"] == kind:
                assert isinstance(message, dict)
                return message
    raise AssertionError(f"the socket closed without {kind}")


@pytest.mark.timeout(300)
async def test_from_provisioning_to_figures_and_a_shell(member: Person, operator: Person) -> None:
    accepted = (await member.provision("single")).json()
    text = await member.log_text(accepted["project_id"])
    markers = [line for line in text if line.startswith("::")]
    project = await member.settled(accepted["project_id"], "completed", "failed")
    assert markers == [f"::STEP_{step['number']}_OK::" for step in project["steps"]] + ["::COMPLETED::"]

    [vm] = project["vms"]
    async with asyncio.timeout(40):
        while True:
            resources = await member.get("/api/monitoring/my-resources")
            [resource] = resources["resources"]
            if resource["up"] and resource["cpu_percent"] is not None:
                break
            await asyncio.sleep(0.5)
    assert resources["prometheus"] == "up"
    assert resource["vm"]["id"] == vm["id"]
    assert resource["vm"]["owner"] == member.account["username"]
    assert 0 <= resource["cpu_percent"] <= 100
    assert 0 < resource["memory_percent"] <= 100
    assert 0 < resource["disk_percent"] <= 100
    assert len((await operator.get("/api/monitoring/my-resources"))["resources"]) == 6

    async with member.socket(f"/ws/ssh/{vm['address']}") as websocket:
        await control(websocket, "ready")
        await websocket.send(json.dumps({"type": "resize", "columns": 101, "rows": 33}))
        await websocket.send(b"hostname; stty size\n")
        assert b"33 101" in await read_until(websocket, b"33 101")
        await websocket.send(b"exit 7\n")
        assert (await control(websocket, "exit"))["status"] == 7
    await member.http.delete(f"/api/projects/{project['id']}")


async def test_settings_keep_the_vcenter_password_to_themselves(
    operator: Person, installation: Installation
) -> None:
    before = await operator.get("/api/admin/settings")
    changed = await operator.http.put(
        "/api/admin/settings",
        json={
            "vcenter_host": "vcenter.example.org",
            "vcenter_username": "hcmp",
            "vcenter_password": "s3cret-vcenter",
        },
    )
    assert changed.status_code == 200, changed.text
    assert "s3cret-vcenter" not in changed.text
    after = await operator.get("/api/admin/settings")
    assert after["vcenter_host"] == "vcenter.example.org"
    assert "s3cret-vcenter" not in json.dumps(after)
    assert before.keys() == after.keys()
    for log in (installation.home / "logs").rglob("*.log"):
        assert "s3cret-vcenter" not in log.read_text(errors="replace")


async def test_maintenance_tells_members_and_lets_operators_pass(operator: Person, member: Person) -> None:
    async def maintain(enabled: bool) -> None:
        answer = await operator.http.put(
            "/api/admin/settings", json={"maintenance_mode": enabled, "maintenance_message": "Back at noon"}
        )
        assert answer.status_code == 200, answer.text

    await maintain(True)
    try:
        async with asyncio.timeout(5):
            while not (await member.get("/api/platform"))["maintenance"]["enabled"]:
                await asyncio.sleep(0.05)
        refused = await member.provision("single")
        assert (refused.status_code, refused.json()["type"]) == (503, "maintenance")
        assert "Back at noon" in refused.json()["detail"]
    finally:
        await maintain(False)
