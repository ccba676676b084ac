"""SSH certificates as other services ask for them: of the real auth service, over a real broker."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import asyncssh
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from nats.aio.client import Client

from hcmp_auth.domain.account import account_id_of
from hcmp_auth.settings import AuthSettings
from hcmp_contracts.account import AccountSuspended
from hcmp_contracts.allocation import AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_contracts.ssh_certificate import SshCertificateIssued
from hcmp_contracts.vm import VmRegistered, VmReserved
from hcmp_eventstore.reader import read_batches
from hcmp_eventstore.recorded import Recorded, read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_testkit.history import happened
from hcmp_webkit.ssh_certificates import (
    CertificateRefusedError,
    CertificateUnavailableError,
    EphemeralKey,
    SshCertificate,
    SshCertificates,
)

Visitor = Callable[..., Awaitable[AsyncClient]]
KEY = EphemeralKey.generate()
ENDPOINT = {"address": "10.0.0.1", "ssh_host": "10.0.0.1", "ssh_port": 22, "ssh_user": "hcmp", "host_key": "x"}


@pytest.fixture
def certificates(broker: Client, auth_app: FastAPI) -> SshCertificates:
    assert auth_app.state.parts
    return SshCertificates(broker)


def opened(signed: SshCertificate) -> asyncssh.public_key.SSHOpenSSHCertificate:
    certificate = asyncssh.import_certificate(signed.text)
    assert isinstance(certificate, asyncssh.public_key.SSHOpenSSHCertificate)
    return certificate


async def issued(store: EventStore) -> list[Recorded[Any]]:
    """Every certificate that is on record."""
    found: list[Recorded[Any]] = []
    async with asyncio.timeout(5):
        subjects = ["hcmp.ssh-certificate.*.*"]
        last = (
            await store.client.jetstream().stream_info(EVENTS, subjects_filter=subjects[0])
        ).state.subjects or {}
        if not last:
            return found
        async for batch in read_batches(store.client, stream=EVENTS, subjects=subjects, after=0):
            found += [read_recorded(*message) for message in batch]
            if len(found) >= sum(last.values()):
                return found
    raise AssertionError("unreachable")


def machine(number: int) -> GrantedMachine:
    return GrantedMachine(
        vm_id=f"vm-{number}", name=f"lab-0{number}", role="web", ssh_certificates=True, **ENDPOINT
    )


async def granted(store: EventStore, *machines: GrantedMachine) -> str:
    project = str(uuid4())
    await happened(store, project, AllocationGranted(owner_id="mina", attempt=1, machines=list(machines)))
    return project


async def registered(store: EventStore, owner_id: str) -> str:
    """A machine of this account's."""
    vm_id = str(uuid4())
    facts = ENDPOINT | {
        "exporter_host": "10.0.0.1",
        "exporter_port": 9100,
        "provider": "static",
        "provider_ref": "",
    }
    await happened(
        store,
        vm_id,
        VmRegistered(name="web-1", ssh_certificates=True, **facts),
        VmReserved(project_id="shop", owner_id=owner_id, role="web"),
    )
    return vm_id


async def test_a_run_gets_one_certificate_for_all_its_machines_and_it_is_recorded_once(
    certificates: SshCertificates, event_store: EventStore, auth_settings: AuthSettings
) -> None:
    project = await granted(event_store, *(machine(number) for number in range(1, 6)))

    signed = await certificates.for_run(project, KEY)

    certificate = opened(signed)
    principals = [f"machine/lab-0{number}" for number in range(1, 6)]
    assert certificate.principals == principals
    assert certificate.key.public_data == asyncssh.import_public_key(KEY.public).public_data
    assert set(map(str, cast(list[object], certificate.options["source-address"]))) == {
        "127.0.0.0/8",
        "10.0.0.7/32",
    }
    assert certificate.options.keys() == {"source-address"}, "no terminal, no forwarding"
    [recorded] = await issued(event_store)
    event = recorded.event
    assert isinstance(event, SshCertificateIssued)
    assert (event.purpose, event.project_id, event.principals) == ("run", project, principals)
    assert event.vm_ids == [f"vm-{number}" for number in range(1, 6)]
    assert event.valid_before == signed.valid_before
    assert event.public_key == asyncssh.import_public_key(KEY.public).get_fingerprint()
    first = auth_settings.ssh_authority_files.split(",")[0]
    assert event.authority == asyncssh.read_private_key(first).get_fingerprint()
    assert (recorded.envelope.actor, recorded.envelope.correlationid) == ("service/provisioner", project)
    for secret in (KEY.public.split()[1], KEY.private, signed.text.split()[1]):
        assert secret not in recorded.envelope.model_dump_json()


async def test_a_project_gets_none_for_what_it_does_not_hold(
    certificates: SshCertificates, event_store: EventStore
) -> None:
    with pytest.raises(CertificateRefusedError):
        await certificates.for_run(str(uuid4()), KEY)
    project = await granted(event_store, machine(1))
    await happened(event_store, project, AllocationReleased(reason="deleted", attempt=1))
    with pytest.raises(CertificateRefusedError):
        await certificates.for_run(project, KEY)
    assert await issued(event_store) == []


async def test_a_session_is_for_the_account_that_holds_the_machine_while_it_is_active(
    certificates: SshCertificates, event_store: EventStore, alice: str
) -> None:
    hers, anothers = await registered(event_store, alice), await registered(event_store, "somebody")

    certificate = opened(await certificates.for_session(hers, alice, KEY))

    assert certificate.principals == ["machine/web-1"]
    assert "permit-pty" in certificate.options
    with pytest.raises(CertificateRefusedError):
        await certificates.for_session(anothers, alice, KEY)
    opened(await certificates.for_session(anothers, account_id_of("operator"), KEY))
    await happened(event_store, alice, AccountSuspended(reason="left"))
    with pytest.raises(CertificateRefusedError):
        await certificates.for_session(hers, alice, KEY)
    assert [recorded.envelope.actor for recorded in await issued(event_store)] == [
        f"account/{alice}",
        f"account/{account_id_of('operator')}",
    ]


async def test_a_probe_is_for_machines_by_name_and_not_for_more_than_openssh_reads(
    certificates: SshCertificates, event_store: EventStore
) -> None:
    names = [f"web-{number}" for number in range(256)]
    assert opened(await certificates.for_probe(names, KEY)).principals == [f"machine/{name}" for name in names]
    for wrong in ([], [*names, "one-more"], ["a,b"], ["../x"]):
        with pytest.raises(CertificateRefusedError):
            await certificates.for_probe(wrong, KEY)
    assert len(await issued(event_store)) == 1


async def test_machines_are_told_of_every_key_of_the_authority(
    certificates: SshCertificates, visitor: Visitor, auth_settings: AuthSettings
) -> None:
    files = auth_settings.ssh_authority_files.split(",")
    answer = await (await visitor()).get("/.well-known/ssh-authorities")
    assert answer.headers["content-type"].startswith("text/plain")
    keys = answer.text.splitlines()
    assert keys == await certificates.authorities()
    assert [asyncssh.import_public_key(key).public_data for key in keys] == [
        asyncssh.read_private_key(path).public_data for path in files
    ]


async def test_without_an_auth_service_there_is_no_certificate_and_that_is_said(broker: Client) -> None:
    with pytest.raises(CertificateUnavailableError, match="the auth service does not answer"):
        await SshCertificates(broker).for_run(str(uuid4()), KEY)


async def test_no_certificate_is_handed_out_that_the_log_has_not_taken(
    certificates: SshCertificates, event_store: EventStore, auth_app: FastAPI
) -> None:
    project = await granted(event_store, machine(1))
    auth_app.state.parts.certificates.store.guard.refusal = "the log ends too early"
    with pytest.raises(CertificateUnavailableError, match="none is issued without a record"):
        await certificates.for_run(project, KEY)
    assert await issued(event_store) == []
