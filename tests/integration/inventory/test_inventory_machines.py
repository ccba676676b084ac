"""Adding machines to the pool, and what operators do with them one by one."""

import asyncio
from typing import Any

import asyncssh
import pytest
from cryptography.fernet import Fernet
from httpx import AsyncClient, Response

from hcmp_contracts.vm import VmHostKeyChanged, VmMaintenanceStarted, VmQuarantined, VmRegistered
from hcmp_eventstore.store import EventStore
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.ports.provider import Machine
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.ports import free_port
from hcmp_testkit.ssh_lab import SshLab, SshMachine


@pytest.fixture
async def by_hand(platform_key: asyncssh.SSHKey, answers: Any) -> Any:
    machine = SshMachine(authorized_key=platform_key.public_data, password="the machine's password", says=answers)
    await machine.start()
    yield machine
    await machine.stop()


def form(machine: SshMachine, **changes: Any) -> dict[str, Any]:
    return {"name": "web-01", "address": "127.0.0.1", "ssh_port": machine.port, "ssh_user": "hcmp"} | changes


def slug(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def test_a_machine_added_by_hand_is_pinned_and_available(
    operator: AsyncClient, by_hand: SshMachine, event_store: EventStore
) -> None:
    answer = await operator.post("/api/vms", json=form(by_hand, labels={"rack": "3"}))
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert added["host_key"] == by_hand.host_key
    assert (added["status"], added["provider"], added["credential_set"]) == ("available", "static", False)
    assert (await operator.get(f"/api/vms/{added['id']}")).json() == added
    [recorded] = await event_store.load("vm", added["id"])
    assert recorded.envelope.actor.startswith("account/")


async def test_a_password_is_kept_as_ciphertext_and_never_shown(
    operator: AsyncClient, by_hand: SshMachine, event_store: EventStore
) -> None:
    answer = await operator.post("/api/vms", json=form(by_hand, credential="the machine's password"))
    assert answer.json()["credential_set"] is True
    assert "the machine's password" not in answer.text
    [recorded] = await event_store.load("vm", answer.json()["id"])
    assert "the machine's password" not in recorded.envelope.model_dump_json()
    assert isinstance(recorded.event, VmRegistered)
    assert recorded.event.credential


@pytest.mark.parametrize("credential", ["wrong", "-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n"])
async def test_a_machine_that_does_not_let_the_platform_in_is_refused(
    operator: AsyncClient, by_hand: SshMachine, credential: str
) -> None:
    answer = await operator.post("/api/vms", json=form(by_hand, credential=credential))
    assert slug(answer) == (409, "credential-refused")
    assert credential not in answer.text
    assert (await operator.get("/api/vms")).json()["vms"] == []


async def test_a_name_that_is_rebound_after_the_check_is_not_followed(
    operator: AsyncClient, by_hand: SshMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to an allowed address when it is checked, and to a metadata service ever after."""
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo
    asked: list[str] = []

    async def rebound(host: Any, *arguments: Any, **named: Any) -> Any:
        if host != "web.test":
            return await resolve(host, *arguments, **named)
        asked.append(host)
        return await resolve("127.0.0.1" if len(asked) == 1 else "169.254.169.254", *arguments, **named)

    monkeypatch.setattr(loop, "getaddrinfo", rebound)
    added = await operator.post("/api/vms", json=form(by_hand, address="web.test"))
    assert added.status_code == 201, added.text
    assert (added.json()["ssh_host"], added.json()["exporter_host"]) == ("127.0.0.1", "127.0.0.1")
    assert asked == ["web.test"]
    refused = await operator.post("/api/vms", json=form(by_hand, address="web.test", name="web-02"))
    assert slug(refused) == (409, "address-refused")


@pytest.mark.usefixtures("signing")
async def test_another_key_opens_a_machine_when_it_is_given(operator: AsyncClient, answers: Any) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    machine = SshMachine(authorized_key=key.public_data, says=answers)
    await machine.start()
    assert slug(await operator.post("/api/vms", json=form(machine))) == (409, "credential-refused")
    answer = await operator.post("/api/vms", json=form(machine, credential=key.export_private_key().decode()))
    assert answer.status_code == 201, answer.text
    await machine.stop()


async def test_a_machine_that_does_not_answer_is_refused(operator: AsyncClient, by_hand: SshMachine) -> None:
    port = free_port()
    nobody = await operator.post("/api/vms", json=form(by_hand, ssh_port=port))
    assert slug(nobody) == (409, "vm-unreachable")
    assert nobody.json()["causes"] == [
        {"slug": "connection-refused", "facts": {"host": "127.0.0.1", "port": port}}
    ]
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    other = await operator.post("/api/vms", json=form(by_hand, ssh_port=port))
    assert slug(other) == (409, "vm-unreachable")
    server.close()


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "no-such-host.invalid", "224.0.0.1"]
)
async def test_addresses_that_lead_elsewhere_are_refused(
    operator: AsyncClient, by_hand: SshMachine, address: str
) -> None:
    assert slug(await operator.post("/api/vms", json=form(by_hand, address=address))) == (409, "address-refused")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Web 01"},
        {"name": "../etc"},
        {"name": "{{7*7}}"},
        {"address": "10.0.0.1; reboot"},
        {"address": "user@10.0.0.1"},
        {"ssh_port": 0},
        {"ssh_user": "-oProxyCommand=x"},
        {"ssh_user": "a\nb"},
        {"credential": "a\u0000b"},
        {"credential": ""},
        {"labels": {"rack": "a\u202eb"}},
        {"labels": {"Rack!": "1"}},
        {"owner": "me"},
    ],
)
async def test_malformed_machines_are_422(
    operator: AsyncClient, by_hand: SshMachine, change: dict[str, Any]
) -> None:
    assert slug(await operator.post("/api/vms", json=form(by_hand, **change))) == (422, "malformed-request")


async def test_what_is_malformed_is_told_field_by_field_for_any_language(
    operator: AsyncClient, by_hand: SshMachine
) -> None:
    body = form(by_hand, ssh_port=0, labels={"rack": "a\u202eb"})
    del body["name"]
    assert (await operator.post("/api/vms", json=body)).json()["causes"] == [
        {"slug": "field-missing", "facts": {"field": "name"}},
        {"slug": "field-greater-than-equal", "facts": {"field": "ssh_port", "ge": 1}},
        {
            "slug": "field-value-error",
            "facts": {"field": "labels.rack", "said": "control characters are not allowed"},
        },
    ]


async def test_a_name_is_taken_once_and_a_repeated_request_is_the_same_one(
    operator: AsyncClient, by_hand: SshMachine
) -> None:
    headers = {"Idempotency-Key": "first"}
    first = await operator.post("/api/vms", json=form(by_hand), headers=headers)
    again = await operator.post("/api/vms", json=form(by_hand), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert slug(await operator.post("/api/vms", json=form(by_hand))) == (409, "vm-name-taken")
    other = await operator.post("/api/vms", json=form(by_hand, name="web-02"), headers=headers)
    assert slug(other) == (422, "idempotency-key-reused")


async def test_the_lab_makes_machines_once_however_often_it_is_asked(
    operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    headers = {"Idempotency-Key": "four-machines"}
    lab.broken = 2
    body = {"provider": "docker", "count": 4}
    broken = await operator.post("/api/vms/import", json=body, headers=headers)
    assert slug(broken) == (503, "import-incomplete")
    assert len(broken.json()["registered"]) == 2
    for _ in range(2):
        answer = await operator.post("/api/vms/import", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        assert [vm["name"] for vm in answer.json()["vms"]] == ["lab-01", "lab-02", "lab-03", "lab-04"]
    assert len(lab.machines) == 4
    two_more = await operator.post("/api/vms/import", json={"provider": "docker", "count": 2})
    assert [vm["name"] for vm in two_more.json()["vms"]] == ["lab-05", "lab-06"]
    other = await operator.post("/api/vms/import", json=body | {"count": 5}, headers=headers)
    assert slug(other) == (422, "idempotency-key-reused")


async def test_imports_at_the_same_time_never_share_a_name(operator: AsyncClient, lab: SshLab[Machine]) -> None:
    body = {"provider": "docker", "count": 3}
    answers = await asyncio.gather(*(operator.post("/api/vms/import", json=body) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201, 201, 201], [answer.text for answer in answers]
    names = [vm["name"] for answer in answers for vm in answer.json()["vms"]]
    assert sorted(names) == [f"lab-{number:02d}" for number in range(1, 10)]
    keys = {vm["name"]: vm["host_key"] for vm in (await operator.get("/api/vms")).json()["vms"]}
    assert keys == {name: machine.host_key for name, machine in lab.machines.items()}


async def test_a_retired_machine_is_destroyed_and_its_name_is_free(
    operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    [made] = (await operator.post("/api/vms/import", json={"provider": "docker", "count": 1})).json()["vms"]
    assert (await operator.delete(f"/api/vms/{made['id']}")).status_code == 204
    assert (await operator.delete(f"/api/vms/{made['id']}")).status_code == 204

    async def machines() -> int:
        return len(lab.machines)

    await eventually(machines, lambda number: number == 0)
    assert (await operator.get("/api/vms")).json()["vms"] == []
    [retired] = (await operator.get("/api/vms?status=retired")).json()["vms"]
    assert retired["id"] == made["id"]
    [again] = (await operator.post("/api/vms/import", json={"provider": "docker", "count": 1})).json()["vms"]
    assert (again["name"], again["status"]) == ("lab-01", "available")
    assert again["host_key"] != made["host_key"]
    await asyncio.sleep(0.2)
    assert list(lab.machines) == ["lab-01"]


async def test_a_machine_under_maintenance_returns_when_it_answers(
    operator: AsyncClient, by_hand: SshMachine
) -> None:
    added = (await operator.post("/api/vms", json=form(by_hand))).json()
    path = f"/api/vms/{added['id']}"
    kept = await operator.post(f"{path}/maintenance", json={"reason": "a new disk"})
    assert (kept.json()["status"], kept.json()["reason"]) == ("maintenance", "a new disk")
    await by_hand.stop()
    assert slug(await operator.post(f"{path}/return")) == (409, "vm-unreachable")
    by_hand_key = by_hand.host_key
    await by_hand.start()
    assert by_hand.host_key != by_hand_key


async def test_a_machine_that_shows_another_host_key_is_refused_recorded_and_quarantined(
    operator: AsyncClient, by_hand: SshMachine, event_store: EventStore
) -> None:
    added = (await operator.post("/api/vms", json=form(by_hand))).json()
    path = f"/api/vms/{added['id']}"
    await operator.post(f"{path}/maintenance", json={"reason": "a new disk"})
    await by_hand.remake()
    refused = await operator.post(f"{path}/return")
    assert slug(refused) == (409, "host-key-mismatch")
    assert (refused.json()["pinned"], refused.json()["presented"]) == (added["host_key"], by_hand.host_key)
    history = [recorded.event for recorded in await event_store.load("vm", added["id"])]
    assert VmHostKeyChanged(pinned=added["host_key"], presented=by_hand.host_key) in history
    assert isinstance(history[-1], VmQuarantined)
    assert slug(await operator.post(f"{path}/release-quarantine")) == (409, "host-key-mismatch")
    assert slug(await operator.post(f"{path}/return")) == (409, "host-key-mismatch")

    async def status() -> str:
        return str((await operator.get(path)).json()["status"])

    await eventually(status, lambda seen: seen == "quarantined")


async def test_a_machine_whose_credential_no_key_opens_is_not_let_in_and_says_so(
    operator: AsyncClient, by_hand: SshMachine, event_store: EventStore
) -> None:
    registered = VmRegistered(
        name="web-01",
        address="127.0.0.1",
        ssh_host="127.0.0.1",
        ssh_port=by_hand.port,
        ssh_user="hcmp",
        exporter_host="127.0.0.1",
        exporter_port=9100,
        provider="static",
        provider_ref="web-01",
        host_key=by_hand.host_key,
        credential=Fernet(Fernet.generate_key()).encrypt(b"s3cret").decode(),
    )
    await happened(event_store, vm_id_of("web-01"), registered, VmMaintenanceStarted(reason="a new disk"))
    path = f"/api/vms/{vm_id_of('web-01')}"
    refused = await operator.post(f"{path}/return")
    assert slug(refused) == (409, "credential-refused")
    assert "another key" in refused.json()["detail"]
    assert (await operator.delete(path)).status_code == 204, "it can be taken out, and added again"


async def test_labels_are_replaced_and_lists_come_in_pages(operator: AsyncClient) -> None:
    await operator.post("/api/vms/import", json={"provider": "docker", "count": 5})
    path = f"/api/vms/{vm_id_of('lab-03')}"
    assert (await operator.patch(path, json={"labels": {"rack": "3"}})).json()["labels"] == {"rack": "3"}
    names: list[str] = []
    cursor = ""
    while True:
        page = (await operator.get(f"/api/vms?limit=2{cursor}")).json()
        names += [vm["name"] for vm in page["vms"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert names == [f"lab-{number:02d}" for number in range(1, 6)]
    for cursor in ("@", "AA==", "4pyT", "a"):
        assert slug(await operator.get(f"/api/vms?cursor={cursor}")) == (422, "malformed-request")
    assert slug(await operator.get(f"/api/vms/{vm_id_of('nobody')}")) == (404, "not-found")
    assert slug(await operator.delete(f"/api/vms/{vm_id_of('nobody')}")) == (404, "not-found")


async def test_members_do_not_touch_machines(member: AsyncClient, inventory_settings: InventorySettings) -> None:
    for method, path in (("GET", "/api/vms"), ("POST", "/api/vms"), ("POST", "/api/vms/import")):
        assert slug(await member.request(method, path, json={})) == (403, "forbidden")


async def test_a_list_of_machines_is_taken_row_by_row(
    operator: AsyncClient, by_hand: SshMachine, platform_key: asyncssh.SSHKey, answers: Any
) -> None:
    other = SshMachine(authorized_key=platform_key.public_data, says=answers)
    await other.start()
    table = (
        "name,address,ssh_host,ssh_port,password,labels.site\n"
        f"web-01,192.0.2.7,127.0.0.1,{by_hand.port},the machine's password,seoul\n"
        f"web-02,127.0.0.1,,{by_hand.port},not its password,seoul\n"
        f"web-03,127.0.0.1,,{free_port()},,seoul\n"
        "Web 4,127.0.0.1,,22,,\n"
        f"web-05,127.0.0.1,,{other.port},,busan\n"
        "web-06,169.254.169.254,,22,,\n"
    )
    body = {"provider": "static", "format": "csv", "content": table}
    machines: dict[str, Any] = {}
    for _ in range(2):  # what is repeated under its key is the same again
        answer = await operator.post("/api/vms/import", json=body, headers={"Idempotency-Key": "list"})
        assert answer.status_code == 201, answer.text
        assert "not its password" not in answer.text
        machines = {vm["name"]: vm for vm in answer.json()["vms"]}
        assert sorted(machines) == ["web-01", "web-05"]
        failed = [(row["row"], row["name"], row["type"]) for row in answer.json()["failed_rows"]]
        assert failed == [
            (3, "web-02", "credential-refused"),
            (4, "web-03", "vm-unreachable"),
            (5, "Web 4", "malformed-row"),
            (7, "web-06", "address-refused"),
        ]
        causes = [[cause["slug"] for cause in row["causes"]] for row in answer.json()["failed_rows"]]
        assert causes == [
            ["login-refused"],
            ["connection-refused"],
            ["field-string-pattern-mismatch"],
            ["address-link-local"],
        ]
    first = machines["web-01"]
    assert (first["address"], first["ssh_host"], first["exporter_host"]) == ("192.0.2.7", "127.0.0.1", "192.0.2.7")
    assert (first["credential_set"], first["labels"]) == (True, {"site": "seoul"})
    await other.stop()
    broken = await operator.post("/api/vms/import", json=body | {"content": "[" * 1000, "format": "yaml"})
    assert slug(broken) == (422, "unreadable-list")


async def test_a_certificate_opens_a_machine_with_the_key_that_it_certifies(
    operator: AsyncClient, answers: Any
) -> None:
    authority, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    certificate = authority.generate_user_certificate(key, "platform", principals=["hcmp"])
    trusted = authority.export_public_key().decode()
    machine = SshMachine(trusts=f"cert-authority {trusted}", says=answers)
    await machine.start()
    given = {"credential": key.export_private_key().decode()}
    assert slug(await operator.post("/api/vms", json=form(machine, **given))) == (409, "credential-refused")
    given["certificate"] = certificate.export_certificate().decode()
    answer = await operator.post("/api/vms", json=form(machine, **given))
    assert answer.status_code == 201, answer.text
    await machine.stop()


async def test_a_machine_with_the_mark_of_a_project_and_one_without_root_are_refused(
    operator: AsyncClient, by_hand: SshMachine, answers: Any
) -> None:
    answers.on_it.append("mark shop")
    assert slug(await operator.post("/api/vms", json=form(by_hand))) == (409, "vm-used")
    answers.broken = True
    assert slug(await operator.post("/api/vms", json=form(by_hand))) == (409, "command-failed")
