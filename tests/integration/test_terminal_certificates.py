"""Shells on machines that trust the platform's SSH certificate authority."""

from collections.abc import AsyncIterator, Callable

import pytest

from hcmp_auth.api.broker import answer_certificate_requests
from hcmp_auth.handlers.certificates import CertificateOffice
from hcmp_contracts.account import AccountApproved, AccountRegistered, Role
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ssh_machine import SshMachine, ssh_machine
from hcmp_testkit.terminal import TerminalLab, terminal_lab

MINA = Account("mina")
STRANGER = Account("stranger")


@pytest.fixture
async def lab(nats_server: NatsServer, database_url: str, event_store: EventStore) -> AsyncIterator[TerminalLab]:
    async with terminal_lab(nats_server, database_url, event_store) as lab:
        for account in (MINA, STRANGER):
            registered = AccountRegistered(
                username=account.username, full_name="", email="", role=Role.USER, machine_quota=5
            )
            await happened(event_store, account.id, registered, AccountApproved())
        yield lab


@pytest.fixture
async def machine(trusting: Callable[[str], str]) -> AsyncIterator[SshMachine]:
    """It lets nobody in but by a certificate for it: the platform's key is not one of those."""
    async with ssh_machine(trusts=trusting("lab-1")) as machine:
        yield machine


@pytest.fixture
async def vm_id(lab: TerminalLab, machine: SshMachine) -> str:
    vm_id = await lab.register(machine, ssh_certificates=True)
    await lab.assign(vm_id, MINA)
    return vm_id


async def test_a_shell_opens_by_a_certificate_for_this_session_which_is_recorded(
    lab: TerminalLab, vm_id: str, signing: CertificateOffice
) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        assert await screen.told() == {"type": "ready"}
        await screen.type("size")
        await screen.shows("xterm-256color")
        await screen.type("exit 0")
        assert await screen.told() == {"type": "exit", "status": 0}
    [opened, _] = await lab.recorded(events=2)
    subjects = await signing.store.client.jetstream().stream_info(
        "EVENTS", subjects_filter="hcmp.ssh-certificate.>"
    )
    [subject] = subjects.state.subjects or {}
    [issued] = await signing.store.load("ssh-certificate", subject.split(".")[2])
    assert issued.event.model_dump(include={"purpose", "vm_ids", "account_id", "principals"}) == {
        "purpose": "session",
        "vm_ids": [vm_id],
        "account_id": MINA.id,
        "principals": ["machine/lab-1"],
    }
    assert issued.envelope.actor == opened.envelope.actor == f"account/{MINA.id}"


async def test_without_an_auth_service_the_browser_is_told_so_and_may_come_again(
    lab: TerminalLab, vm_id: str, office: CertificateOffice
) -> None:
    async with lab.screen(MINA, vm_id) as screen:
        assert await screen.told() == {
            "type": "error",
            "slug": "certificate-unavailable",
            "detail": "There is no SSH certificate for the machines at the moment: "
            "the auth service does not answer. Try again in a moment.",
        }
        assert await screen.closed() == 1013
    await answer_certificate_requests(lab.store.client, office)
    async with lab.screen(MINA, vm_id) as screen:
        assert await screen.told() == {"type": "ready"}


@pytest.mark.usefixtures("signing")
async def test_a_machine_of_another_name_is_not_opened_by_it(lab: TerminalLab, machine: SshMachine) -> None:
    other = await lab.register(machine, name="lab-2", ssh_certificates=True)
    await lab.assign(other, MINA)
    async with lab.screen(MINA, other) as screen:
        assert (await screen.told())["slug"] == "authentication-required"


@pytest.mark.usefixtures("signing")
async def test_a_machine_that_takes_no_certificate_is_opened_as_before(lab: TerminalLab) -> None:
    async with ssh_machine(keys=[lab.platform_key]) as older:
        vm_id = await lab.register(older)
        await lab.assign(vm_id, MINA)
        async with lab.screen(MINA, vm_id) as screen:
            assert await screen.told() == {"type": "ready"}
