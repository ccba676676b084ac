"""Runs on machines that trust the platform's SSH certificate authority, and on some that do not."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from hcmp_auth.api.broker import answer_certificate_requests
from hcmp_auth.domain import ssh_certificate
from hcmp_auth.handlers.certificates import CertificateOffice
from hcmp_contracts.project import ProjectProvisioned, ProvisioningFailed
from hcmp_contracts.ssh_certificate import SshCertificateIssued
from hcmp_eventstore.reader import read_batches
from hcmp_eventstore.recorded import read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.workers import WorkerLab, until, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
NOTES = "ansible.builtin.shell: echo PLAY >> RAN"
WAITS = """ansible.builtin.shell: echo PLAY >> RAN; until test -e RAN.go; do sleep 0.1; done
"""
# Longer than a certificate lasts, and then by a new connection.
SIGNS_IN_AGAIN = """ansible.builtin.command: 'true'
    - ansible.builtin.command: sleep 5
    - ansible.builtin.meta: reset_connection
    - ansible.builtin.shell: echo PLAY >> RAN
"""


async def obey(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run the command on this computer, as a machine would on itself."""
    running = await asyncio.create_subprocess_shell(
        process.command or "",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    try:
        with suppress(asyncssh.Error, ConnectionError):
            running.stdin.write(await process.stdin.read())
            running.stdin.close()
            while data := await running.stdout.read(65536):
                process.stdout.write(data)
        process.exit(await running.wait())
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()


@dataclass
class Machine:
    """A machine and who is let in; `key` is its own, and `logins` counts who came."""

    authorized: str
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    logins: int = 0
    port: int = 0

    async def start(self) -> asyncssh.SSHAcceptor:
        machine = self

        class Door(asyncssh.SSHServer):
            def auth_completed(self) -> None:
                machine.logins += 1

        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Door,
            server_host_keys=[self.key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.authorized),
            process_factory=obey,
            encoding=None,
        )
        self.port = server.get_port()
        return server


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    """Its machines are those at the port of `machine`; no key of the platform lies anywhere."""
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        (lab.home / "key").unlink()
        lab.platform_key = None
        for name, play in {"notes": NOTES, "waits": WAITS, "signs-in-again": SIGNS_IN_AGAIN}.items():
            lab.add_play(name, play, connection="ssh")
        yield lab


@pytest.fixture
async def machine(lab: WorkerLab, trusting: Callable[[str], str]) -> AsyncIterator[Machine]:
    machine = Machine(trusting("vm-1"))
    server = await machine.start()
    host_key = machine.key.export_public_key().decode().strip()
    lab.machine = {"ssh_port": machine.port, "host_key": host_key, "ssh_certificates": True}
    yield machine
    server.close()
    await server.wait_closed()


async def issued(store: EventStore, count: int) -> list[SshCertificateIssued]:
    found: list[SshCertificateIssued] = []
    async with asyncio.timeout(10):
        async for batch in read_batches(
            store.client, stream=EVENTS, subjects=["hcmp.ssh-certificate.*.*"], after=0
        ):
            for message in batch:
                event = read_recorded(*message).event
                assert isinstance(event, SshCertificateIssued)
                found.append(event)
            if len(found) >= count:
                return found
    raise AssertionError("unreachable")


@pytest.mark.usefixtures("signing")
async def test_a_run_gets_in_by_a_certificate_and_no_other_key_ever_lies_on_the_workers_disk(
    lab: WorkerLab, machine: Machine
) -> None:
    await lab.start_worker()
    project = await lab.request("waits", "notes", machines=1)
    await until(lambda: lab.ran == ["waits"], seconds=60)
    [key] = private_keys_in(lab.home)
    assert key.name == "_run"
    assert lab.runs in key.parents
    assert key.stat().st_mode & 0o077 == 0
    text = key.read_text()

    (lab.home / "ran.go").touch()
    await lab.until(project, ProjectProvisioned, seconds=60)

    lab.assert_nothing_left(project)
    assert private_keys_in(lab.home) == []
    assert text.splitlines()[1] not in await lab.said(project)
    assert machine.logins >= 1
    [certificate] = await issued(lab.store, 1)
    assert (certificate.purpose, certificate.project_id, certificate.vm_ids) == ("run", project, ["vm-1"])


def private_keys_in(place: Path) -> list[Path]:
    files = (path for path in place.rglob("*") if path.is_file())
    return [path for path in files if b"PRIVATE KEY-----" in path.read_bytes()]


@pytest.mark.usefixtures("signing")
async def test_a_machine_that_is_another_is_not_opened(lab: WorkerLab, machine: Machine) -> None:
    """The certificate names the machines of its project; this one lets in by another name."""
    await lab.start_worker()
    lab.machine["name"] = "vm-2"
    project = await lab.request("notes", machines=1)
    ended = (await lab.until(project, ProvisioningFailed, seconds=60))[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert "Permission denied" in ended.failures[0].reason
    assert (lab.ran, machine.logins) == ([], 0)


@pytest.mark.usefixtures("machine")
async def test_a_run_waits_for_its_certificate_and_goes_on_when_there_is_one(
    lab: WorkerLab, office: CertificateOffice
) -> None:
    await lab.start_worker(unreachable_seconds=[0.1, 2])
    project = await lab.request("notes", machines=1)
    await until_said(lab, project, "It is asked for again in 2 s.")

    await answer_certificate_requests(lab.client, office)

    events = await lab.until(project, ProjectProvisioned, seconds=60)
    assert [event.verb() for event in events][-2:] == ["step-succeeded", "provisioned"]
    assert "the auth service does not answer" in await lab.said(project)


@pytest.mark.usefixtures("machine")
async def test_a_run_without_a_certificate_fails_with_a_sentence_and_keeps_its_machines(lab: WorkerLab) -> None:
    await lab.start_worker(unreachable_seconds=[0.1])
    project = await lab.request("notes", machines=1)
    ended = (await lab.until(project, ProvisioningFailed, seconds=30))[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert ended.detail == (
        "There is no SSH certificate for the machines at the moment: the auth service does not answer."
    )
    assert ended.held_until is not None
    lab.assert_nothing_left(project)


@pytest.mark.usefixtures("signing")
async def test_a_certificate_that_ends_during_a_run_is_renewed(
    lab: WorkerLab, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSH looks at it when somebody signs in, which a run does again and again."""
    monkeypatch.setitem(ssh_certificate.LIVES, "run", timedelta(seconds=3))
    await lab.start_worker()
    project = await lab.request("signs-in-again", machines=1)
    await lab.until(project, ProjectProvisioned, seconds=60)
    assert lab.ran == ["signs-in-again"]
    assert machine.logins == 2
    certificates = await issued(lab.store, 3)
    assert len({certificate.public_key for certificate in certificates}) == 1, "the run's key is one"


@pytest.mark.usefixtures("signing", "machine")
async def test_a_worker_that_takes_a_run_over_has_a_key_and_a_certificate_of_its_own(lab: WorkerLab) -> None:
    dead = await lab.start_worker()
    project = await lab.request("waits", machines=1)
    await until(lambda: lab.ran == ["waits"], seconds=60)
    dead.kill()
    dead.wait()
    (lab.home / "ran.go").touch()
    await lab.start_worker()
    await lab.until(project, ProjectProvisioned, seconds=60)
    first, second = await issued(lab.store, 2)
    assert first.public_key != second.public_key
    assert private_keys_in(lab.home) == []


async def test_machines_that_trust_no_certificate_are_opened_by_the_platforms_key_as_before(
    lab: WorkerLab, signing: CertificateOffice, machine: Machine
) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    (lab.home / "key").write_bytes(key.export_private_key("openssh"))
    (lab.home / "key").chmod(0o600)
    lab.platform_key = lab.home / "key"
    older = Machine(key.export_public_key().decode())
    server = await older.start()
    lab.others = [
        {
            "name": "vm-2",
            "ssh_port": older.port,
            "host_key": older.key.export_public_key().decode().strip(),
            "ssh_certificates": False,
        }
    ]
    await lab.start_worker()
    project = await lab.request("notes", machines=2)
    await lab.until(project, ProjectProvisioned, seconds=60)
    assert lab.ran == ["notes", "notes"]
    assert machine.logins >= 1
    assert older.logins >= 1
    [certificate] = await issued(signing.store, 1)
    assert certificate.principals == ["machine/vm-1"]
    server.close()
    await server.wait_closed()


async def until_said(lab: WorkerLab, project: str, words: str) -> None:
    async with asyncio.timeout(30):
        while words not in await lab.said(project):
            await asyncio.sleep(0.1)
