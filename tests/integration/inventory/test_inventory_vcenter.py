"""vCenter through the inventory's API: the test of the settings, the preview, the import, and what comes after."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from hcmp_contracts.vm import VmRegistered
from hcmp_eventstore.store import EventStore
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_testkit.history import eventually
from hcmp_testkit.ports import free_port
from hcmp_testkit.ssh_lab import SshMachine
from hcmp_testkit.vcenter import DATACENTER, PASSWORD, USERNAME, Certificate, SimulatedVcenter, simulated_vcenter

NAMES = [f"DC0_C0_RP0_VM{number}" for number in range(3)]
SETTINGS = "/api/admin/settings"
TEST = "/api/admin/settings/test-vcenter"
INVENTORY = "/api/vcenter/inventory"
IMPORT = "/api/vms/import"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made_in(tmp_path_factory.mktemp("vcenter"))


@pytest.fixture
async def vcenter(certificate: Certificate) -> AsyncIterator[SimulatedVcenter]:
    async with simulated_vcenter(certificate, options={"machines": len(NAMES)}) as simulator:
        yield simulator


def settings(vcenter: SimulatedVcenter, **changes: str) -> dict[str, str]:
    return {
        "vcenter_host": "127.0.0.1",
        "vcenter_port": str(vcenter.port),
        "vcenter_username": USERNAME,
        "vcenter_password": PASSWORD,
        "vcenter_datacenter": DATACENTER,
        "vcenter_ca_pem": vcenter.certificate.pem,
    } | changes


@pytest.fixture
async def connected(operator: AsyncClient, vcenter: SimulatedVcenter) -> SimulatedVcenter:
    answer = await operator.put(SETTINGS, json=settings(vcenter))
    assert answer.status_code == 200, answer.text
    return vcenter


@pytest.fixture
async def machines(platform_key: asyncssh.SSHKey, vcenter: SimulatedVcenter) -> AsyncIterator[list[SshMachine]]:
    """What is behind the simulated machines: the platform's key opens the first, a password the second, and the
    third is off.
    """
    port = free_port()
    running = [
        SshMachine(authorized_key=platform_key.public_data, port=port, host="127.0.0.21"),
        SshMachine(password="the machine's password", port=port, host="127.0.0.22"),
    ]
    for name, machine in zip(NAMES, running, strict=False):
        await machine.start()
        await asyncio.to_thread(vcenter.answer_at, name, machine.host)
        await asyncio.to_thread(vcenter.switch_on, name)
    yield running
    for machine in running:
        await machine.stop()


def causes(told: dict[str, Any]) -> dict[str, Any]:
    return {cause["slug"]: cause["facts"] for cause in told["causes"]}


def slug(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def test_the_connection_is_tried_with_what_is_given_and_what_is_stored(
    operator: AsyncClient, vcenter: SimulatedVcenter
) -> None:
    async def tried(**body: str) -> dict[str, Any]:
        answer = await operator.post(TEST, json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    nothing = await tried()
    assert (nothing["slug"], causes(nothing)) == ("vcenter-not-configured", {"vcenter-unnamed": {}})
    good = await tried(**settings(vcenter))
    assert (good["ok"], good["slug"]) == (True, None)
    assert good["server"] == {"name": "VMware vCenter Server", "version": "6.5.0"}
    assert (await operator.get(SETTINGS)).json()["vcenter_host"] == "", "a test changes nothing"
    await operator.put(SETTINGS, json=settings(vcenter))
    assert (await tried())["ok"] is True
    wrong = await tried(vcenter_datacenter="Elsewhere")
    assert (wrong["ok"], wrong["slug"]) == (False, "vcenter-datacenter-missing")
    assert causes(wrong) == {
        "vcenter-absent": {"kind": "datacenter", "name": "Elsewhere"},
        "vcenter-choice": {"names": DATACENTER},
    }
    refused = await tried(vcenter_password="wrong")
    assert (refused["slug"], causes(refused)) == ("vcenter-login", {"vcenter-login-wrong": {"user": USERNAME}})
    at = {"host": "127.0.0.1", "port": vcenter.port}
    unsigned = await tried(**settings(vcenter, vcenter_ca_pem=""))
    assert causes(unsigned)["certificate-authority-unknown"].items() >= at.items()
    other = await tried(**settings(vcenter, vcenter_fingerprint="ab" * 32))
    assert causes(other) == {"certificate-other": at | {"shown": vcenter.certificate.fingerprint.lower()}}


async def test_the_stored_password_is_sent_to_no_other_server(
    operator: AsyncClient, connected: SimulatedVcenter, tmp_path: Path
) -> None:
    async with simulated_vcenter(Certificate.made_in(tmp_path / "other")) as other:
        for change in ({"vcenter_port": str(other.port)}, {"vcenter_fingerprint": other.certificate.fingerprint}):
            told = (await operator.post(TEST, json=change)).json()
            assert (told["ok"], told["slug"]) == (False, "vcenter-password-needed")
        assert await other.calls("Login") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"vcenter_port": "0"},
        {"vcenter_port": "99999"},
        {"vcenter_port": "٤٤٣"},
        {"vcenter_ca_pem": "nonsense"},
        {"vcenter_fingerprint": "ab:cd"},
        {"vcenter_address_range": "10.0.0.9-10.0.0.1/24"},
        {"vcenter_address_range": "10.0.0.0-10.9.0.0/8"},
        {"vcenter_gateway": "somewhere"},
        {"vcenter_nameservers": "10.0.0.1, nowhere"},
        {"vcenter_ssh_user": "a b"},
        {"vcenter_template": "two\nlines"},
    ],
)
async def test_settings_that_cannot_be_right_are_refused(operator: AsyncClient, change: dict[str, str]) -> None:
    assert slug(await operator.put(SETTINGS, json=change)) == (422, "malformed-request")


async def test_a_changed_setting_holds_at_once(operator: AsyncClient, connected: SimulatedVcenter) -> None:
    assert (await operator.get(INVENTORY, params={"kind": "machines"})).json()["total"] == 3
    await operator.put(SETTINGS, json={"vcenter_datacenter": "Elsewhere"})
    lost = await operator.get(INVENTORY, params={"kind": "machines"})
    assert slug(lost) == (502, "vcenter-datacenter-missing")
    await operator.put(SETTINGS, json={"vcenter_host": ""})
    assert slug(await operator.get(INVENTORY, params={"kind": "machines"})) == (409, "vcenter-not-configured")


async def test_the_preview_is_paged_and_filtered(operator: AsyncClient, connected: SimulatedVcenter) -> None:
    await connected.tag("gold", NAMES[:2])

    async def pages(**chosen: str) -> list[list[str]]:
        found, cursor = [], None
        while True:
            asked = {"kind": "machines", "limit": "2", **chosen} | ({"cursor": cursor} if cursor else {})
            page = (await operator.get(INVENTORY, params=asked)).json()
            found.append([item["name"] for item in page["items"]])
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert await pages() == [NAMES[:2], NAMES[2:]]
    assert await pages(tag="gold") == [NAMES[:2]]
    assert await pages(name_pattern="*VM2") == [NAMES[2:]]
    assert await pages(kind="folders") == [[]]
    assert slug(await operator.get(INVENTORY, params={"kind": "secrets"})) == (422, "malformed-request")


@pytest.mark.usefixtures("signing")
async def test_machines_are_imported_and_one_that_fails_says_why_and_stops_no_other(
    operator: AsyncClient, connected: SimulatedVcenter, machines: list[SshMachine], event_store: EventStore
) -> None:
    body = {"provider": "vsphere", "name_pattern": "DC0*", "ssh_port": machines[0].port, "labels": {"site": "a"}}
    answer = await operator.post(IMPORT, json=body)
    assert answer.status_code == 201, answer.text
    [first] = answer.json()["vms"]
    assert (first["name"], first["status"], first["provider"]) == ("dc0-c0-rp0-vm0", "available", "vsphere")
    assert (first["host_key"], first["address"]) == (machines[0].host_key, "127.0.0.21")
    assert first["placement"].startswith("DC0_C0_H")
    assert first["labels"] == {"site": "a"}
    failures = answer.json()["failures"]
    assert failures.keys() == set(NAMES[1:])
    assert "not let in" in failures[NAMES[1]]
    assert "it is off" in failures[NAMES[2]]
    told = answer.json()["failure_causes"]
    assert told.keys() == failures.keys()
    assert [[cause["slug"] for cause in told[name]] for name in NAMES[1:]] == [["login-refused"], ["machine-off"]]

    with_password = {
        "provider": "vsphere",
        "machines": [reference_of(connected, NAMES[1]), "vm-9999"],
        "ssh_port": machines[1].port,
        "credential": "the machine's password",
    }
    answer = await operator.post(IMPORT, json=with_password)
    [second] = answer.json()["vms"]
    assert second["credential_set"] is True
    assert answer.json()["failures"] == {"vm-9999": "there is no such machine"}
    [recorded] = await event_store.load("vm", second["id"])
    assert isinstance(recorded.event, VmRegistered)
    assert "the machine's password" not in recorded.envelope.model_dump_json()
    taken = (await operator.get(INVENTORY, params={"kind": "machines"})).json()["items"]
    assert [item["taken"] for item in taken] == [True, True, False]


def reference_of(vcenter: SimulatedVcenter, name: str) -> str:
    return str(vcenter.machine(name)._moId)


async def test_an_import_of_which_nothing_came_is_an_error_and_a_repeat_takes_what_is_missing(
    operator: AsyncClient, connected: SimulatedVcenter, machines: list[SshMachine]
) -> None:
    headers = {"Idempotency-Key": "the-first-machine"}
    body = {"provider": "vsphere", "name_pattern": "*VM0", "ssh_port": machines[0].port}
    await machines[0].stop()
    refused = await operator.post(IMPORT, json=body, headers=headers)
    assert slug(refused) == (503, "import-incomplete")
    assert NAMES[0] in refused.json()["failures"]
    await machines[0].start()
    for _ in range(2):
        answer = await operator.post(IMPORT, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        assert [vm["name"] for vm in answer.json()["vms"]] == ["dc0-c0-rp0-vm0"]
    again = await operator.post(IMPORT, json=body)
    assert "registered already" in again.json()["failures"][NAMES[0]]


async def test_an_import_needs_a_choice_and_a_clone_none_of_it(operator: AsyncClient) -> None:
    for body in ({"provider": "vsphere"}, {"provider": "vsphere", "count": 1, "tag": "x"}, {"provider": "else"}):
        assert slug(await operator.post(IMPORT, json=body)) == (422, "malformed-request")
    clones = await operator.post(IMPORT, json={"provider": "vsphere", "count": 1, "template": "x"})
    assert slug(clones) == (503, "import-incomplete")
    assert "No vCenter is set up" in clones.json()["failures"]["vm-01"]
    assert clones.json()["failure_causes"]["vm-01"] == [{"slug": "vcenter-unnamed", "facts": {}}]
    assert "causes" not in clones.json()


async def test_an_imported_machine_goes_back_to_its_snapshot_with_its_own_credential_and_key(
    operator: AsyncClient, connected: SimulatedVcenter, machines: list[SshMachine]
) -> None:
    body = {
        "provider": "vsphere",
        "machines": [reference_of(connected, NAMES[1])],
        "ssh_port": machines[1].port,
        "credential": "the machine's password",
    }
    [taken] = (await operator.post(IMPORT, json=body)).json()["vms"]
    path = f"/api/vms/{taken['id']}"
    assert (await operator.post(f"{path}/recycle")).status_code == 202

    async def status() -> dict[str, Any]:
        seen: dict[str, Any] = (await operator.get(path)).json()
        return seen

    clean = await eventually(status, lambda vm: vm["status"] != "recycling", seconds=20)
    assert (clean["status"], clean["host_key"]) == ("available", taken["host_key"])
    assert await connected.calls("RevertToSnapshot_Task") == 1

    await machines[1].remake()
    await operator.post(f"{path}/recycle")
    set_aside = await eventually(status, lambda vm: vm["status"] == "quarantined", seconds=20)
    assert "host key" in set_aside["reason"]
    assert causes(set_aside).keys() == {"recycling-failed", "host-key-mismatch"}


async def test_retiring_an_imported_machine_leaves_it_to_its_owner(
    operator: AsyncClient, connected: SimulatedVcenter, machines: list[SshMachine], inventory_app: FastAPI
) -> None:
    body = {"provider": "vsphere", "name_pattern": "*VM0", "ssh_port": machines[0].port}
    [taken] = (await operator.post(IMPORT, json=body)).json()["vms"]
    assert taken["id"] == vm_id_of("dc0-c0-rp0-vm0")
    assert (await operator.delete(f"/api/vms/{taken['id']}")).status_code == 204

    async def marked() -> list[bool]:
        items = (await operator.get(INVENTORY, params={"kind": "machines"})).json()["items"]
        return [item["taken"] for item in items]

    await eventually(marked, lambda seen: seen == [False, False, False], seconds=10)
    assert await connected.calls("RemoveSnapshot_Task") == 1
    assert await connected.calls("Destroy_Task") == 0
    [again] = (await operator.post(IMPORT, json=body)).json()["vms"]
    assert again["status"] == "available"


async def test_vcenter_is_for_operators(member: AsyncClient) -> None:
    for answer in (
        await member.get(INVENTORY, params={"kind": "machines"}),
        await member.post(TEST, json={}),
        await member.post(IMPORT, json={"provider": "vsphere", "tag": "x"}),
    ):
        assert answer.status_code == 403
    assert "simulated" not in json.dumps((await member.get("/api/pool")).json())
