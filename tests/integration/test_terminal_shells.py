"""Shells in the browser: a real process of the terminal service, real SSH servers, real sockets."""

import json
from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import uuid4

import asyncssh
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hcmp_contracts.account import AccountSessionsRevoked
from hcmp_contracts.vm import VmRecycled, VmReleased, VmRetired
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ports import free_port
from hcmp_testkit.ssh_machine import SshMachine, ssh_machine
from hcmp_testkit.terminal import ADDRESS, TerminalLab, terminal_lab

PROBLEM = "application/problem+json"
MINA = Account("mina")
STRANGER = Account("stranger")
VIEWER = Account("viewer", role="viewer")
OPERATOR = Account("operator", role="admin")


@pytest.fixture
async def lab(nats_server: NatsServer, database_url: str, event_store: EventStore) -> AsyncIterator[TerminalLab]:
    async with terminal_lab(nats_server, database_url, event_store) as lab:
        yield lab


@pytest.fixture
async def machine(lab: TerminalLab) -> AsyncIterator[SshMachine]:
    async with ssh_machine(keys=[lab.platform_key], users={"guest": "open sesame"}) as machine:
        yield machine


@pytest.fixture
async def vm_id(lab: TerminalLab, machine: SshMachine) -> str:
    """A machine of mina's project."""
    vm_id = await lab.register(machine)
    await lab.assign(vm_id, MINA)
    return vm_id


async def refusal(lab: TerminalLab, account: Account, name: str, **headers: str) -> tuple[int, str]:
    """How a handshake is answered: status and slug; (101, "") for one that is taken."""
    url = f"{lab.service.ws_url}/ws/ssh/{name}"
    try:
        async with connect(url, additional_headers=lab.issuer.headers(account) | headers, close_timeout=1):
            return 101, ""
    except InvalidStatus as refused:
        response = refused.response
        body = json.loads(response.body or b"{}")
        return response.status_code, body["type"] if response.headers["content-type"] == PROBLEM else ""


@pytest.mark.parametrize("by", ["id", "address"])
async def test_a_member_types_and_reads_until_the_shell_exits(
    lab: TerminalLab, machine: SshMachine, vm_id: str, by: str
) -> None:
    async with lab.screen(MINA, vm_id if by == "id" else ADDRESS) as screen:
        assert await screen.told() == {"type": "ready"}
        await screen.shows("welcome")
        await screen.type("안녕하세요")
        await screen.shows("안녕하세요")
        await screen.type("exit 3")
        assert await screen.told() == {"type": "exit", "status": 3}
        assert await screen.closed() == 1000
    assert machine.logins[-1] == "hcmp"
    opened, closed = await lab.recorded(events=2)
    assert opened.event.model_dump() | {"project_id": ""} == {
        "vm_id": vm_id,
        "vm_name": "lab-1",
        "project_id": "",
        "account_id": MINA.id,
        "username": "mina",
    }
    assert opened.envelope.actor == f"account/{MINA.id}"
    assert closed.event.model_dump() == {"exit_status": 3, "reason": "exited"}
    assert closed.aggregate_id == opened.aggregate_id


async def test_the_terminal_has_the_size_of_the_browser_and_follows_it(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.tell({"type": "resize", "columns": 132, "rows": 43})
        await screen.told()
        await screen.type("size")
        await screen.shows("xterm-256color 132x43")
        await screen.tell({"type": "resize", "columns": 90, "rows": 20})
        await screen.shows("resized 90x20")


async def test_what_is_typed_before_the_shell_is_ready_is_not_lost(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.type("early")
        assert await screen.told() == {"type": "ready"}
        await screen.shows("early")


async def test_a_shell_that_a_signal_ends_has_no_status(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.told()
        await screen.type("kill")
        assert await screen.told() == {"type": "exit", "status": None}
        assert await screen.closed() == 1000


async def test_a_browser_that_leaves_ends_the_shell(lab: TerminalLab, machine: SshMachine, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.told()
        assert len(machine.shells) == 1

    async def shells() -> int:
        return len(machine.shells)

    await eventually(shells, lambda left: left == 0)
    assert (await lab.recorded(events=2))[-1].event.reason == "client-left"


async def test_a_stranger_and_an_absent_machine_get_the_same_answer(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id):
        pass  # the service knows the machine
    absent = await refusal(lab, STRANGER, str(uuid4()))
    assert absent == (404, "not-found")
    for name in (vm_id, ADDRESS, "10.99.9.9", "lab-1", quote("' OR 1=1"), "%00", "%ff"):
        assert await refusal(lab, STRANGER, name) == absent
    assert await refusal(lab, VIEWER, vm_id) == (403, "forbidden")


async def test_a_handshake_needs_our_origin_and_a_ticket_for_this_very_machine(
    lab: TerminalLab, vm_id: str
) -> None:
    async with lab.screen(MINA, vm_id):
        pass  # the service knows the machine
    assert await refusal(lab, MINA, vm_id, Origin="https://evil.example") == (403, "origin-refused")
    assert await refusal(lab, MINA, vm_id, Authorization="Bearer x") == (401, "invalid-token")
    ticket = lab.issuer.ticket(MINA, f"/ws/ssh/{uuid4()}")
    used = lab.issuer.ticket(MINA, f"/ws/ssh/{vm_id}")
    async with connect(f"{lab.service.ws_url}/ws/ssh/{vm_id}?ticket={used}", close_timeout=1):
        pass
    for query in ("", "?ticket=", f"?ticket={ticket}", f"?ticket={used}"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{lab.service.ws_url}/ws/ssh/{vm_id}{query}"):
                pass
        assert refused.value.response.status_code == 401


async def test_a_machine_with_another_host_key_is_never_logged_in_to(
    lab: TerminalLab, machine: SshMachine
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    vm_id = await lab.register(machine, host_key=other)
    async with lab.screen(OPERATOR, vm_id) as screen:
        told = await screen.told()
        assert (told["type"], told["slug"]) == ("error", "host-key-changed")
        assert await screen.closed() == 1008
    assert machine.connections > 0
    assert machine.logins == []


async def test_a_key_of_another_kind_than_the_pinned_one_is_refused_too(
    lab: TerminalLab, machine: SshMachine
) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    vm_id = await lab.register(machine, host_key=other)
    async with lab.screen(OPERATOR, vm_id) as screen:
        assert (await screen.told())["slug"] == "host-key-changed"
    assert machine.logins == []


async def test_a_machine_that_takes_no_key_asks_for_a_name_and_a_password(lab: TerminalLab) -> None:
    async with ssh_machine(users={"guest": "open sesame"}) as machine:
        vm_id = await lab.register(machine)
        async with lab.screen(OPERATOR, vm_id) as screen:
            assert (await screen.told())["slug"] == "authentication-required"
            await screen.tell({"type": "auth", "username": "guest", "password": "open sesame"})
            assert await screen.told() == {"type": "ready"}
        async with lab.screen(OPERATOR, vm_id) as screen:
            await screen.tell({"type": "auth", "username": "guest", "password": "wrong"})
            assert (await screen.told())["slug"] == "authentication-failed"
            assert await screen.closed() == 1008


async def test_a_typed_login_is_ignored_where_the_platforms_key_opens(
    lab: TerminalLab, machine: SshMachine, vm_id: str
) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.tell({"type": "auth", "username": "guest", "password": "open sesame"})
        assert await screen.told() == {"type": "ready"}
    assert "guest" not in machine.logins


@pytest.mark.parametrize("kind", ["password", "private key"])
async def test_a_stored_credential_opens_its_machine(lab: TerminalLab, kind: str) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    secret = "open sesame" if kind == "password" else key.export_private_key().decode()
    async with ssh_machine(keys=[key], users={"guest": "open sesame"}) as machine:
        vm_id = await lab.register(machine, ssh_user="guest", secret=secret)
        async with lab.screen(OPERATOR, vm_id) as screen:
            assert await screen.told() == {"type": "ready"}


async def test_a_credential_that_cannot_be_read_is_asked_for(lab: TerminalLab, machine: SshMachine) -> None:
    vm_id = await lab.register(machine, credential="rubbish")
    async with lab.screen(OPERATOR, vm_id) as screen:
        assert (await screen.told())["slug"] == "authentication-required"


async def test_a_machine_that_does_not_answer_is_unreachable(lab: TerminalLab, machine: SshMachine) -> None:
    vm_id = await lab.register(machine, ssh_port=free_port())
    async with lab.screen(OPERATOR, vm_id) as screen:
        assert (await screen.told())["slug"] == "machine-unreachable"
        assert await screen.closed() == 1011


async def test_a_connection_that_breaks_ends_the_terminal(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.told()
        await screen.type("drop")
        assert (await screen.told())["slug"] == "machine-unreachable"
        assert await screen.closed() == 1011
    assert (await lab.recorded(events=2))[-1].event.reason == "machine-unreachable"


async def test_a_revoked_session_ends_its_terminals_at_once(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        await screen.told()
        await happened(lab.store, MINA.id, AccountSessionsRevoked(reason="suspended"))
        assert (await screen.told(seconds=1))["slug"] == "session-ended"
        assert await screen.closed(seconds=1) == 1008
    assert (await lab.recorded(events=2))[-1].event.reason == "session-ended"


@pytest.mark.parametrize("what", ["released", "recycled", "retired"])
async def test_a_machine_that_changes_hands_ends_its_terminals_at_once(
    lab: TerminalLab, machine: SshMachine, vm_id: str, what: str
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    endpoint = {"ssh_host": "127.0.0.1", "ssh_port": machine.port}
    exporter = {"exporter_host": "127.0.0.1", "exporter_port": 9100}
    event = {
        "released": VmReleased(project_id="p", reason="deleted"),
        "recycled": VmRecycled(address=ADDRESS, **endpoint, **exporter, provider_ref="", host_key=other),
        "retired": VmRetired(reason="old"),
    }[what]
    async with lab.screen(MINA, vm_id) as screen:
        await screen.told()
        await happened(lab.store, vm_id, event)
        assert (await screen.told(seconds=1))["slug"] == "machine-released"
        assert await screen.closed(seconds=1) == 1008
    assert (await refusal(lab, MINA, vm_id))[0] == (404 if what != "recycled" else 101)


async def test_an_operator_sees_who_is_on_and_nobody_else_does(lab: TerminalLab, vm_id: str) -> None:
    async with httpx.AsyncClient(base_url=lab.service.url) as http, lab.screen(MINA, vm_id) as screen:
        await screen.told()

        async def sessions() -> list[dict[str, object]]:
            answer = await http.get("/api/terminal/sessions", headers=lab.issuer.headers(OPERATOR))
            found: list[dict[str, object]] = answer.json()["sessions"]
            return [row for row in found if row["account"] == {"id": MINA.id, "username": "mina"}]

        [mine] = await eventually(sessions, lambda rows: len(rows) == 1)
        assert mine["vm"] == {"id": vm_id, "name": "lab-1"}
        assert (await http.get("/api/terminal/sessions", headers=lab.issuer.headers(MINA))).status_code == 403
        await screen.type("exit 0")
        await screen.closed()
        await eventually(sessions, lambda rows: rows == [])
