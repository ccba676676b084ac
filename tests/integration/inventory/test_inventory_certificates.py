"""Machines that trust the SSH certificate authority: seen when they join, and when they are made anew."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from asyncssh.public_key import SSHOpenSSHCertificate as OpenSSH
from httpx import AsyncClient
from nats.aio.client import Client

from hcmp_auth.api.broker import answer_certificate_requests
from hcmp_auth.handlers.certificates import CertificateOffice
from hcmp_contracts.vm import VmRecycled, VmRecycleStarted, VmRegistered
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_inventory.adapters.certificates import ProbeCertificates, TrustedAuthorities
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.ports.connections import CertificateUnavailableError
from hcmp_inventory.ports.provider import Machine, ProviderError
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ssh_lab import SshLab, SshMachine
from hcmp_webkit.ssh_certificates import SshCertificates

PASSWORD = "the machine's password"


@pytest.fixture
async def lab(trusting: Callable[[str], str]) -> AsyncIterator[SshLab[Machine]]:
    """Machines that know no key of the platform's."""
    provider = SshLab(Machine, ProviderError, None, trusting)
    yield provider
    await provider.close()


@pytest.fixture
def inventory_settings(inventory_settings: InventorySettings) -> InventorySettings:
    return inventory_settings.model_copy(update={"ssh_key_file": None})


@pytest.fixture
async def by_hand(trusting: Callable[[str], str]) -> AsyncIterator[SshMachine]:
    machine = SshMachine(trusts=trusting("web-01"), password=PASSWORD)
    await machine.start()
    yield machine
    await machine.stop()


def form(machine: SshMachine, **changes: str) -> dict[str, object]:
    return {"name": "web-01", "address": "127.0.0.1", "ssh_port": machine.port, "ssh_user": "hcmp"} | changes


@pytest.mark.usefixtures("signing")
@pytest.mark.parametrize("credential", [None, PASSWORD])
async def test_a_machine_that_trusts_the_authority_needs_no_credential_and_may_have_one(
    operator: AsyncClient, by_hand: SshMachine, event_store: EventStore, credential: str | None
) -> None:
    changes = {} if credential is None else {"credential": credential}
    answer = await operator.post("/api/vms", json=form(by_hand, **changes))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["ssh_certificates"], answer.json()["credential_set"]) == (True, credential is not None)
    [recorded] = await event_store.load("vm", vm_id_of("web-01"))
    assert isinstance(recorded.event, VmRegistered)
    assert recorded.event.ssh_certificates


@pytest.mark.usefixtures("signing")
async def test_a_machine_of_another_name_does_not_take_its_certificate(
    operator: AsyncClient, by_hand: SshMachine
) -> None:
    refused = await operator.post("/api/vms", json=form(by_hand, name="web-02"))
    assert (refused.status_code, refused.json()["type"]) == (409, "credential-refused")
    added = await operator.post("/api/vms", json=form(by_hand, name="web-02", credential=PASSWORD))
    assert (added.status_code, added.json()["ssh_certificates"]) == (201, False)


async def test_without_an_auth_service_a_machine_joins_by_its_credential_or_the_operator_is_told(
    operator: AsyncClient, by_hand: SshMachine
) -> None:
    refused = await operator.post("/api/vms", json=form(by_hand))
    assert (refused.status_code, refused.json()["type"]) == (503, "certificate-unavailable")
    assert "the auth service does not answer" in refused.json()["detail"]
    added = await operator.post("/api/vms", json=form(by_hand, credential=PASSWORD))
    assert (added.status_code, added.json()["ssh_certificates"]) == (201, False)


async def test_machines_of_the_lab_are_opened_by_certificates_when_they_join_and_when_they_are_made_anew(
    operator: AsyncClient, signing: CertificateOffice
) -> None:
    answer = await operator.post("/api/vms/import", json={"provider": "docker", "count": 3})
    assert answer.status_code == 201, answer.text
    assert [vm["ssh_certificates"] for vm in answer.json()["vms"]] == [True] * 3
    vm_id = answer.json()["vms"][0]["id"]

    assert (await operator.post(f"/api/vms/{vm_id}/recycle")).status_code == 202

    async def last() -> object:
        return (await signing.store.load("vm", vm_id))[-1].event

    recycled = await eventually(last, lambda event: isinstance(event, VmRecycled), seconds=10)
    assert isinstance(recycled, VmRecycled)
    assert recycled.ssh_certificates


async def test_a_machine_is_not_set_aside_because_the_auth_service_is_away(
    operator: AsyncClient, office: CertificateOffice, broker: Client, lab: SshLab[Machine]
) -> None:
    """Its recycling is left, and taken up again."""
    made, vm_id = await lab.create("lab-01"), vm_id_of("lab-01")
    facts = VmRegistered(**asdict(made), provider="docker", ssh_certificates=True)
    await happened(office.store, vm_id, facts, VmRecycleStarted())

    async def times() -> int:
        return len(lab.recycled)

    async def last() -> object:
        return (await office.store.load("vm", vm_id))[-1].event

    await eventually(times, lambda seen: seen == 1, seconds=10)
    await asyncio.sleep(0.3)
    assert await last() == VmRecycleStarted()
    await answer_certificate_requests(broker, office)
    done = await eventually(last, lambda event: isinstance(event, VmRecycled), seconds=20)
    assert isinstance(done, VmRecycled)
    assert done.ssh_certificates
    assert (await operator.get(f"/api/vms/{vm_id}")).json()["status"] == "available"


async def test_a_round_of_probes_costs_a_certificate_for_every_256_machines(
    signing: CertificateOffice, broker: Client
) -> None:
    ahead = timedelta()
    probes = ProbeCertificates(SshCertificates(broker), clock=lambda: utc_now() + ahead)
    names = [f"web-{number}" for number in range(300)]

    pairs = await asyncio.gather(*(probes.of(name) for name in names))

    assert [await probes.of(name) for name in names] == pairs, "they are kept while they are good"
    assert await issued(signing) == 2
    principals = {tuple(pair[1].principals) for pair in pairs if isinstance(pair[1], OpenSSH)}
    assert sorted(map(len, principals)) == [44, 256]
    ahead = timedelta(minutes=2)
    assert await probes.of("web-1") != pairs[1]
    assert await issued(signing) == 3


async def issued(office: CertificateOffice) -> int:
    jetstream = office.store.client.jetstream()
    info = await jetstream.stream_info("EVENTS", subjects_filter="hcmp.ssh-certificate.>")
    return len(info.state.subjects or {})


async def answering(auth: Client, office: CertificateOffice) -> None:
    """The broker knows of it. The client's ping may overtake what it is to follow, so one is not enough."""
    await answer_certificate_requests(auth, office)
    await auth.flush()
    await auth.flush()


async def test_a_probe_that_gets_no_certificate_says_so_and_the_next_one_asks_again(
    office: CertificateOffice, broker: Client
) -> None:
    probes = ProbeCertificates(SshCertificates(broker), clock=utc_now)
    for _ in range(2):
        with pytest.raises(CertificateUnavailableError):
            await probes.of("web-1")
    await answering(broker, office)
    assert await probes.of("web-1")


async def test_what_machines_are_to_trust_is_remembered_while_the_auth_service_is_away(
    office: CertificateOffice, nats_server: NatsServer, broker: Client
) -> None:
    authorities = TrustedAuthorities(SshCertificates(broker), patience=0)
    with pytest.raises(CertificateUnavailableError):
        await authorities()
    async with nats_server.connect() as auth:
        await answering(auth, office)
        assert (await authorities()).splitlines() == office.authority.public_keys()
    assert (await authorities()).splitlines() == office.authority.public_keys()
