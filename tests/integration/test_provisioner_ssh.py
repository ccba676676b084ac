"""Runs on machines behind real SSH servers: pinned keys, passwords, and no SSH master that stays behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncssh
import pytest
from cryptography.fernet import Fernet

from hcmp_contracts.project import CancelRequested, ProjectCancelled, ProjectProvisioned, ProvisioningFailed
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.workers import WorkerLab, ssh_masters_of, until, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
PASSWORD = "correct {{ horse }} 'battery'"
NOTES = "ansible.builtin.shell: echo PLAY >> RAN"
# The first task leaves an SSH master behind for the second one.
HANGS = """ansible.builtin.command: 'true'
    - ansible.builtin.shell: echo PLAY >> RAN; sleep 300
"""


class Door(asyncssh.SSHServer):
    """Lets `hcmp` in by its password; by its key asyncssh does."""

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("hcmp", PASSWORD)


async def obey(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run the command on this computer, as a machine would on itself."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_shell(
        process.command or "", stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )
    assert running.stdin is not None
    assert running.stdout is not None
    assert running.stderr is not None
    feeding = asyncio.create_task(feed(process.stdin, running.stdin))
    try:
        await asyncio.gather(pour(running.stdout, process.stdout), pour(running.stderr, process.stderr))
        process.exit(await running.wait())
    finally:
        feeding.cancel()
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()


async def feed(source: asyncssh.SSHReader[bytes], sink: asyncio.StreamWriter) -> None:
    with suppress(asyncssh.Error, ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def pour(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
    with suppress(asyncssh.Error, OSError):
        while data := await source.read(65536):
            sink.write(data)


@asynccontextmanager
async def machine(lab: WorkerLab) -> AsyncIterator[None]:
    """A machine that takes the platform's key; its own key is pinned in what is granted."""
    platform_key, host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (lab.home / "key").write_bytes(platform_key.export_private_key("openssh"))
    authorized = asyncssh.import_authorized_keys(platform_key.export_public_key().decode())
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Door,
        server_host_keys=[host_key],
        authorized_client_keys=authorized,
        process_factory=obey,
        encoding=None,
    )
    lab.machine = {"ssh_port": server.get_port(), "host_key": host_key.export_public_key().decode().strip()}
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab, machine(lab):
        lab.add_play("notes", NOTES, connection="ssh")
        lab.add_play("hangs", HANGS, connection="ssh")
        await lab.start_worker()
        yield lab


async def test_a_machine_is_opened_by_the_platforms_key(lab: WorkerLab) -> None:
    project = await lab.request("notes", "notes", machines=1)
    await lab.until(project, ProjectProvisioned)
    assert lab.ran == ["notes", "notes"]
    lab.assert_nothing_left(project)


@pytest.mark.parametrize("kind", ["password", "key"])
async def test_a_machine_is_opened_by_its_own_credential(lab: WorkerLab, kind: str) -> None:
    secret = PASSWORD if kind == "password" else (lab.home / "key").read_text()
    (lab.home / "key").write_text("nothing that opens anything")
    credential = Fernet(lab.fernet_key).encrypt(secret.encode()).decode()
    project = await lab.request("notes", machines=1, credential=credential)
    await lab.until(project, ProjectProvisioned)
    lab.assert_nothing_left(project)


async def test_a_machine_with_another_host_key_is_not_touched(lab: WorkerLab) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    lab.machine["host_key"] = other
    project = await lab.request("notes", machines=1)
    events = await lab.until(project, ProvisioningFailed)
    ended = events[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert ended.failures[0].unreachable
    assert "Host key verification failed" in ended.failures[0].reason
    assert lab.ran == []


async def test_a_cancelled_run_leaves_no_ssh_master(lab: WorkerLab) -> None:
    project = await lab.request("hangs", machines=1)
    await until(lambda: "hangs" in lab.ran, seconds=20)
    assert len(ssh_masters_of(project)) == 1
    await happened(lab.store, project, CancelRequested())
    await lab.until(project, ProjectCancelled, seconds=10)
    lab.assert_nothing_left(project)


async def test_a_run_whose_own_process_is_killed_fails_and_leaves_nothing(lab: WorkerLab) -> None:
    project = await lab.request("hangs", machines=1)
    await until(lambda: "hangs" in lab.ran, seconds=20)
    [master] = ssh_masters_of(project)
    supervisor = master.parent()
    assert supervisor is not None
    supervisor.send_signal(signal.SIGKILL)

    events = await lab.until(project, ProvisioningFailed, seconds=10)

    ended = events[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert (ended.reason, ended.step) == ("run-failed", 1)
    lab.assert_nothing_left(project)


async def test_what_a_dead_worker_and_its_run_left_is_ended_before_another_goes_on(lab: WorkerLab) -> None:
    project = await lab.request("hangs", machines=1)
    await until(lambda: "hangs" in lab.ran, seconds=20)
    [master] = ssh_masters_of(project)
    supervisor = master.parent()
    assert supervisor is not None
    lab.workers[0].send_signal(signal.SIGSTOP)
    supervisor.send_signal(signal.SIGKILL)
    lab.workers[0].kill()
    lab.workers[0].wait()
    assert len(ssh_masters_of(project)) == 1, "nobody was left to end it"
    lab.add_play("hangs", NOTES, connection="ssh")
    await lab.start_worker()
    await lab.until(project, ProjectProvisioned, seconds=40)
    assert not master.is_running()
    lab.assert_nothing_left(project)
