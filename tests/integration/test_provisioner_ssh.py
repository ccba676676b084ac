"""Runs on machines behind real SSH servers: pinned keys, passwords, and no SSH master that stays behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from hcmp_contracts.logs import LineFrame
from hcmp_contracts.project import (
    CancelRequested,
    ProjectCancelled,
    ProjectProvisioned,
    ProvisioningFailed,
    RetryRequested,
)
from hcmp_eventstore.logstream import read_log
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


@dataclass
class Machine:
    """A machine that takes the platform's key; stopped and started, it keeps its port and its own key."""

    platform_key: asyncssh.SSHKey
    host_key: asyncssh.SSHKey
    port: int = 0
    _server: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        self._server = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=Door,
            server_host_keys=[self.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.platform_key.export_public_key().decode()),
            process_factory=obey,
            encoding=None,
        )
        self.port = self._server.get_port()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    """A lab whose machines are reached where `machine` stands, if it is asked for."""
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        lab.add_play("notes", NOTES, connection="ssh")
        lab.add_play("hangs", HANGS, connection="ssh")
        yield lab


@pytest.fixture
async def machine(lab: WorkerLab) -> AsyncIterator[Machine]:
    platform_key, host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (lab.home / "key").write_bytes(platform_key.export_private_key("openssh"))
    machine = Machine(platform_key, host_key)
    await machine.start()
    lab.machine = {"ssh_port": machine.port, "host_key": host_key.export_public_key().decode().strip()}
    yield machine
    await machine.stop()


@pytest.fixture
async def worker(lab: WorkerLab, machine: Machine) -> None:
    await lab.start_worker()


@pytest.mark.usefixtures("worker")
async def test_a_machine_is_opened_by_the_platforms_key(lab: WorkerLab) -> None:
    project = await lab.request("notes", "notes", machines=1)
    await lab.until(project, ProjectProvisioned)
    assert lab.ran == ["notes", "notes"]
    lab.assert_nothing_left(project)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("kind", ["password", "key"])
async def test_a_machine_is_opened_by_its_own_credential(lab: WorkerLab, kind: str) -> None:
    secret = PASSWORD if kind == "password" else (lab.home / "key").read_text()
    (lab.home / "key").write_text("nothing that opens anything")
    project = await lab.request("notes", machines=1, secret=secret)
    await lab.until(project, ProjectProvisioned)
    lab.assert_nothing_left(project)


@pytest.mark.usefixtures("worker")
async def test_a_machine_with_another_host_key_is_not_touched(lab: WorkerLab) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    lab.machine["host_key"] = other
    project = await lab.request("notes", machines=1)
    events = await lab.until(project, ProvisioningFailed)
    ended = events[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert ended.failures[0].unreachable
    assert "Host key verification failed" in ended.failures[0].reason
    assert "tried again" not in await lab.said(project), "it answered, and would answer the same"
    assert lab.ran == []


@pytest.mark.usefixtures("worker")
async def test_a_cancelled_run_leaves_no_ssh_master(lab: WorkerLab) -> None:
    project = await lab.request("hangs", machines=1)
    await until(lambda: "hangs" in lab.ran, seconds=20)
    assert len(ssh_masters_of(project)) == 1
    await happened(lab.store, project, CancelRequested())
    await lab.until(project, ProjectCancelled, seconds=10)
    lab.assert_nothing_left(project)


@pytest.mark.usefixtures("worker")
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


@pytest.mark.usefixtures("worker")
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


async def test_a_step_is_tried_again_when_its_machine_answers_again(lab: WorkerLab, machine: Machine) -> None:
    await machine.stop()
    await lab.start_worker(unreachable_seconds=[0.1, 20])
    project = await lab.request("notes", "notes", machines=1)
    await until_said(lab, project, "vm-1 could not be reached; the step is tried again in 0.1 s.")

    await machine.start()

    events = await lab.until(project, ProjectProvisioned, seconds=60)
    assert [event.verb() for event in events] == [
        "requested",
        "provisioning-started",
        *["step-started", "step-succeeded"] * 2,
        "provisioned",
    ]
    assert lab.ran == ["notes", "notes"]
    frames = await lab.log(project)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    lab.assert_nothing_left(project)


async def test_a_machine_that_stays_away_fails_the_step_or_is_replaced(lab: WorkerLab, machine: Machine) -> None:
    await machine.stop()
    lab.add_template("replacing", replace=True)
    await lab.start_worker(unreachable_seconds=[0.1])

    failing = await lab.request("notes", machines=1)
    replacing = await lab.request("notes", machines=1, template="replacing")

    ended = (await lab.until(failing, ProvisioningFailed, seconds=60))[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert [(failure.vm, failure.unreachable) for failure in ended.failures] == [("vm-1", True)]
    assert "Connection refused" in ended.failures[0].reason
    assert (await lab.said(failing)).count("the step is tried again") == 1
    events = await lab.until(replacing, RetryRequested, seconds=60)
    assert [event.verb() for event in events[-2:]] == ["step-failed", "retry-requested"]
    asked = events[-1]
    assert isinstance(asked, RetryRequested)
    assert (asked.attempt, asked.keep_machines, asked.lost) == (2, True, ["vm-1"])
    assert "vm-1 stayed unreachable and will be replaced." in await lab.said(replacing)
    lab.assert_nothing_left(replacing)


async def test_a_run_that_waits_for_a_machine_can_be_cancelled(lab: WorkerLab, machine: Machine) -> None:
    await machine.stop()
    await lab.start_worker(unreachable_seconds=[300])
    project = await lab.request("notes", machines=1)
    await until_said(lab, project, "the step is tried again in 300 s.")

    await happened(lab.store, project, CancelRequested())

    await lab.until(project, ProjectCancelled, seconds=10)
    lab.assert_nothing_left(project)


async def until_said(lab: WorkerLab, project: str, words: str) -> None:
    said = ""
    try:
        async with asyncio.timeout(60), aclosing(read_log(lab.client, project)) as frames:
            async for frame in frames:
                said += frame.text + "\n" if isinstance(frame, LineFrame) else ""
                if words in said:
                    return
    except TimeoutError:
        pytest.fail(f"not said: {words}\n{said}")
