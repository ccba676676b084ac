"""The worker as a real process with real Ansible: runs end, fail, are cancelled, taken over and fenced."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from cryptography.fernet import Fernet
from nats.aio.client import Client

from hcmp_contracts.allocation import AllocationGranted, GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.logs import LineFrame, StepFrame
from hcmp_contracts.project import (
    CancelRequested,
    PlannedStep,
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProjectRequested,
    ProvisioningFailed,
    ProvisioningStarted,
    RoleCount,
    StepFailed,
    StepStarted,
    StepSucceeded,
    TeardownStarted,
)
from hcmp_eventstore.logstream import Frame, open_log, read_log
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_provisioner.run.plan import MARKER
from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_testkit.ports import free_port

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
CONTEXT = Context(actor="account/test", correlation_id="test-run")
SECRET = "correct horse battery staple"

# PLAY is the play's name, RAN the file in which each machine notes that it ran it.
GOOD = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; echo done'"
HANGS = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; setsid sleep 300 & sleep 300'"
HANGS_ONCE = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; test $(grep -c PLAY RAN) -gt 1 || sleep 300'"
FAILS = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; echo no such thing >&2; exit 3'"
GREETS = "ansible.builtin.debug: { msg: '{{ hcmp_project }} {{ hcmp_variables.greeting }}' }"
RESCUED = """block: [{ ansible.builtin.command: 'false' }]
      rescue: [{ ansible.builtin.debug: { msg: saved } }]
"""
CHATTY = """ansible.builtin.command: seq 1 20000
      register: said
    - ansible.builtin.debug: { msg: '{{ said.stdout }}' }
"""


def play(task: str) -> str:
    return f"""
- name: A step
  hosts: all
  connection: local
  gather_facts: false
  become: false
  tasks:
    - name: Do it
      {task}
"""


@dataclass
class Setting:
    """A broker, playbooks, and workers as processes."""

    nats: NatsServer
    store: EventStore
    home: Path
    key: bytes = field(default_factory=Fernet.generate_key)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.store.client

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def ran(self) -> list[str]:
        """The plays that ran, in order, once for each machine."""
        file = self.home / "ran"
        return file.read_text().split() if file.exists() else []

    def add_play(self, name: str, task: str) -> None:
        text = play(task.replace("PLAY", name).replace("RAN", str(self.home / "ran")))
        (self.home / "playbooks" / "plays" / f"{name}.yml").write_text(text)

    async def start_worker(self) -> subprocess.Popen[bytes]:
        port = free_port()
        environment = {
            "HCMP_PORT": str(port),
            "HCMP_NATS_URL": self.nats.url,
            "HCMP_NATS_USER": USER,
            "HCMP_NATS_PASSWORD": PASSWORD,
            "HCMP_DATABASE_URL": "postgresql://unused",
            "HCMP_PUBLIC_URL": "http://127.0.0.1:1",
            "HCMP_PLAYBOOKS_DIR": str(self.home / "playbooks"),
            "HCMP_FERNET_KEYS": self.key.decode(),
            "HCMP_SSH_KEY_FILE": str(self.home / "key"),
            "HCMP_RUN_DIRECTORY": str(self.runs),
        }
        with (self.home / "worker.log").open("ab") as log:
            worker = subprocess.Popen(  # noqa: ASYNC220 - a process outlives the test's loop
                [sys.executable, "-m", "hcmp_provisioner.worker"],
                env=os.environ | environment,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        async with httpx.AsyncClient() as http:
            for _ in range(200):
                try:
                    if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        return worker
                except httpx.TransportError:
                    pass
                assert worker.poll() is None, (self.home / "worker.log").read_text()
                await asyncio.sleep(0.05)
        raise AssertionError((self.home / "worker.log").read_text())

    async def request(self, *plays: str, credential: str | None = None, machines: int = 2) -> str:
        """A project whose machines are granted."""
        project_id = str(uuid4())
        steps = [PlannedStep(number=n, name=f"Step {p}", play=f"{p}.yml") for n, p in enumerate(plays, start=1)]
        await self.append(
            project_id,
            ProjectRequested(
                name="shop",
                owner_id="owner",
                owner_username="kim",
                template="test",
                packages=["htop"],
                variables={"greeting": "{{ 1 + 1 }}"},
                roles=[RoleCount(name="web", count=machines)],
                steps=steps,
            ),
        )
        await self.append(
            project_id,
            AllocationGranted(
                owner_id="owner",
                attempt=1,
                machines=[
                    GrantedMachine(
                        vm_id=f"vm-{n}",
                        name=f"vm-{n}",
                        address=f"10.0.0.{n}",
                        role="web",
                        ssh_host="127.0.0.1",
                        ssh_port=22,
                        ssh_user="hcmp",
                        host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
                        credential=credential,
                    )
                    for n in range(1, machines + 1)
                ],
            ),
        )
        return project_id

    async def append(self, project_id: str, event: DomainEvent) -> int:
        history = await self.store.load(event.aggregate(), project_id)
        version = history[-1].sequence if history else 0
        return await self.store.append([Write(event.aggregate(), project_id, version, [event])], CONTEXT)

    async def events(self, project_id: str) -> list[DomainEvent]:
        return [recorded.event for recorded in await self.store.load("project", project_id)]

    async def until(
        self, project_id: str, kind: type[DomainEvent], *, seconds: float = 30, count: int = 1
    ) -> list[DomainEvent]:
        """The project's events once `count` of them are of this kind."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            events = await self.events(project_id)
            if sum(isinstance(event, kind) for event in events) >= count:
                return events
            names = [event.verb() for event in events]
            assert asyncio.get_running_loop().time() < deadline, (names, (self.home / "worker.log").read_text())
            await asyncio.sleep(0.05)

    async def log(self, project_id: str) -> list[Frame]:
        last = (await open_log(self.client, project_id)).sequence
        frames: list[Frame] = []
        async with aclosing(read_log(self.client, project_id)) as reading:
            async for frame in reading:
                frames.append(frame)
                if frame.seq >= last:
                    return frames
        raise AssertionError("unreachable")

    def assert_nothing_left(self, project_id: str) -> None:
        """No process of the run lives on this host and no file of it lies anywhere."""
        assert processes_of(project_id) == []
        assert list(self.runs.iterdir()) == []


def processes_of(project_id: str) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == project_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


async def eventually(check: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not check():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


def kinds(events: list[DomainEvent]) -> list[str]:
    return [event.verb() for event in events]


@pytest.fixture
def home() -> Iterator[Path]:
    """Short and in memory, as the directory of runs must be."""
    directory = Path(f"/dev/shm/hcmp-test-{uuid4().hex[:8]}")
    directory.mkdir(mode=0o700)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
async def setting(nats_server: NatsServer, event_store: EventStore, home: Path) -> AsyncIterator[Setting]:
    for folder in ("templates", "plays", "roles"):
        (home / "playbooks" / folder).mkdir(parents=True)
    shutil.copy(PLAYBOOKS / "ansible.cfg", home / "playbooks")
    shutil.copy(PLAYBOOKS / "templates" / "template.schema.json", home / "playbooks" / "templates")
    text = {"en": "Test", "ko": "시험"}
    template = {
        "id": "test",
        "title": text,
        "description": text,
        "roles": [{"name": "web", "count": 2}],
        "steps": [{"name": text, "play": "good.yml"}],
    }
    (home / "playbooks" / "templates" / "test.yml").write_text(json.dumps(template))
    (home / "key").write_text("not used by local plays")
    setting = Setting(nats_server, event_store, home)
    setting.add_play("good", GOOD)
    yield setting
    for worker in setting.workers:
        worker.kill()
        worker.wait()
    await eventually(lambda: not list(setting.runs.iterdir()) if setting.runs.exists() else True)


async def test_a_run_is_told_step_by_step_and_leaves_nothing_behind(setting: Setting) -> None:
    setting.add_play("first", GOOD)
    setting.add_play("second", GREETS)
    await setting.start_worker()
    project = await setting.request("first", "second")

    events = await setting.until(project, ProjectProvisioned)

    assert kinds(events) == [
        "requested",
        "provisioning-started",
        "step-started",
        "step-succeeded",
        "step-started",
        "step-succeeded",
        "provisioned",
    ]
    first = next(event for event in events if isinstance(event, StepSucceeded))
    assert (first.number, first.name, first.attempt) == (1, "Step first", 1)
    assert [(host.vm, host.ok, host.changed, host.failed) for host in first.hosts] == [
        ("vm-1", 1, 1, 0),
        ("vm-2", 1, 1, 0),
    ]
    frames = await setting.log(project)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    assert events[-1] == ProjectProvisioned(attempt=1, log_sequence=len(frames))
    steps = [(frame.number, frame.status) for frame in frames if isinstance(frame, StepFrame)]
    assert steps == [(1, "running"), (1, "succeeded"), (2, "running"), (2, "succeeded")]
    said = [frame.text for frame in frames if isinstance(frame, LineFrame) and frame.vm == "vm-1"]
    assert any("msg: shop {{ 1 + 1 }}" in line for line in said)
    setting.assert_nothing_left(project)


async def test_a_failing_step_says_where_and_why(setting: Setting) -> None:
    setting.add_play("broken", FAILS)
    await setting.start_worker()
    project = await setting.request("good", "broken", "good")

    events = await setting.until(project, ProvisioningFailed)

    assert kinds(events)[-3:] == ["step-started", "step-failed", "provisioning-failed"]
    failed, ended = events[-2:]
    assert isinstance(failed, StepFailed)
    assert isinstance(ended, ProvisioningFailed)
    assert (ended.reason, ended.step) == ("step-failed", 2)
    assert {failure.vm for failure in ended.failures} == {"vm-1", "vm-2"}
    assert ended.failures[0].task == "Do it"
    assert "no such thing" in ended.failures[0].reason
    assert "no such thing" in ended.detail
    assert {host.failed for host in failed.hosts} == {1}
    frames = await setting.log(project)
    assert ended.log_sequence == frames[-1].seq
    assert frames[-1] == StepFrame(seq=frames[-1].seq, number=2, name="Step broken", status="failed")
    assert setting.ran.count("good") == 2, "the third step never ran"
    setting.assert_nothing_left(project)


async def test_a_failure_that_was_rescued_is_none(setting: Setting) -> None:
    setting.add_play("rescued", RESCUED)
    await setting.start_worker()
    project = await setting.request("rescued")

    events = await setting.until(project, ProjectProvisioned)

    [succeeded] = [event for event in events if isinstance(event, StepSucceeded)]
    assert {host.failed for host in succeeded.hosts} == {0}


async def test_a_playbook_that_ansible_cannot_read_fails_the_run_without_a_step(setting: Setting) -> None:
    setting.add_play("unreadable", "no.such.module: {}")
    await setting.start_worker()
    project = await setting.request("unreadable")

    events = await setting.until(project, ProvisioningFailed)

    ended = events[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert (ended.reason, ended.step) == ("run-failed", None)
    assert "no.such.module" in ended.detail
    setting.assert_nothing_left(project)


async def test_cancelling_ends_a_hanging_task_and_everything_it_started(setting: Setting) -> None:
    setting.add_play("hangs", HANGS)
    await setting.start_worker()
    project = await setting.request("good", "hangs")
    await setting.until(project, StepStarted, count=2)
    await eventually(lambda: setting.ran.count("hangs") == 2)

    await setting.append(project, CancelRequested())
    events = await setting.until(project, ProjectCancelled, seconds=10)

    ended = events[-1]
    assert isinstance(ended, ProjectCancelled)
    assert ended.finished_steps == [1]
    assert ended.log_sequence == (await setting.log(project))[-1].seq
    setting.assert_nothing_left(project)
    assert not [p for p in psutil.process_iter() if p.name() == "sleep" and "300" in p.cmdline()]


async def test_a_run_that_is_cancelled_before_a_worker_takes_it_never_begins(setting: Setting) -> None:
    project = await setting.request("good")
    await setting.append(project, CancelRequested())
    await setting.start_worker()

    events = await setting.until(project, ProjectCancelled)

    assert kinds(events) == ["requested", "cancel-requested", "cancelled"]
    assert setting.ran == []


async def test_another_worker_goes_on_where_a_killed_one_stopped(setting: Setting) -> None:
    setting.add_play("hangs-once", HANGS_ONCE)
    first = await setting.start_worker()
    project = await setting.request("good", "hangs-once", "good", machines=1)
    await eventually(lambda: "hangs-once" in setting.ran, seconds=20)

    first.send_signal(signal.SIGKILL)
    first.wait()
    await eventually(lambda: processes_of(project) == [], seconds=5)
    assert list(setting.runs.iterdir()) == []
    await setting.start_worker()
    events = await setting.until(project, ProjectProvisioned, seconds=40)

    assert kinds(events) == [
        "requested",
        "provisioning-started",
        *["step-started", "step-succeeded"],
        "step-started",
        "provisioning-started",
        *["step-started", "step-succeeded"] * 2,
        "provisioned",
    ]
    starts = [event for event in events if isinstance(event, ProvisioningStarted)]
    assert [start.first_step for start in starts] == [1, 2]
    assert starts[0].worker != starts[1].worker
    assert setting.ran == ["good", "hangs-once", "hangs-once", "good"]
    frames = await setting.log(project)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    setting.assert_nothing_left(project)


async def test_a_worker_whose_run_was_taken_over_stops_quietly(setting: Setting) -> None:
    setting.add_play("hangs", HANGS)
    await setting.start_worker()
    project = await setting.request("hangs", machines=1)
    await eventually(lambda: "hangs" in setting.ran, seconds=20)

    await setting.append(project, ProvisioningStarted(attempt=1, worker="somebody else", first_step=1))
    await eventually(lambda: processes_of(project) == [], seconds=10)

    await asyncio.sleep(0.5)
    events = await setting.events(project)
    assert kinds(events)[-1] == "provisioning-started", "the fenced worker adds nothing"
    setting.assert_nothing_left(project)


async def test_a_stopped_worker_that_wakes_up_late_changes_nothing(setting: Setting) -> None:
    setting.add_play("hangs-once", HANGS_ONCE)
    first = await setting.start_worker()
    project = await setting.request("hangs-once", machines=1)
    await eventually(lambda: "hangs-once" in setting.ran, seconds=20)

    first.send_signal(signal.SIGSTOP)
    await setting.start_worker()
    events = await setting.until(project, ProjectProvisioned, seconds=40)
    first.send_signal(signal.SIGCONT)
    await asyncio.sleep(2)

    assert kinds(await setting.events(project)) == kinds(events)
    assert setting.ran == ["hangs-once", "hangs-once"]
    setting.assert_nothing_left(project)


async def test_lines_stay_whole_and_secrets_are_masked(setting: Setting) -> None:
    long = "x" * 20_000
    setting.add_play("says", f"ansible.builtin.debug: {{ msg: ['a{long}b', '{SECRET}', '\\u2028한글'] }}")
    credential = Fernet(setting.key).encrypt(SECRET.encode()).decode()
    await setting.start_worker()
    project = await setting.request("says", credential=credential)

    events = await setting.until(project, ProjectProvisioned)

    texts = [frame.text for frame in await setting.log(project) if isinstance(frame, LineFrame)]
    said = [text for text in texts if long in text]
    assert len(said) == 2
    assert len([text for text in texts if "- ********" in text]) == 2
    assert len([text for text in texts if "한글" in text]) == 2
    assert SECRET not in repr([event.model_dump() for event in events]) + "".join(texts)
    log = (setting.home / "worker.log").read_text()
    assert SECRET not in log


async def test_a_great_deal_of_output_arrives_whole_and_in_order(setting: Setting) -> None:
    setting.add_play("chatty", CHATTY)
    await setting.start_worker()
    project = await setting.request("chatty", machines=1)

    await setting.until(project, ProjectProvisioned, seconds=60)

    frames = await setting.log(project)
    numbers = [text for frame in frames if isinstance(frame, LineFrame) if (text := bare(frame.text)).isdigit()]
    assert numbers == [str(number) for number in range(1, 20_001)]


async def test_a_reset_ends_a_run_at_once(setting: Setting) -> None:
    setting.add_play("hangs", HANGS)
    await setting.start_worker()
    project = await setting.request("hangs", machines=1)
    await eventually(lambda: "hangs" in setting.ran, seconds=20)

    await setting.append(project, ProjectDeleted())
    await eventually(lambda: processes_of(project) == [], seconds=10)

    await asyncio.sleep(0.5)
    assert kinds(await setting.events(project))[-1] == "deleted"
    setting.assert_nothing_left(project)


async def test_a_project_that_is_taken_down_is_deleted(setting: Setting) -> None:
    await setting.start_worker()
    project = await setting.request("good")
    await setting.until(project, ProjectProvisioned)

    await setting.append(project, TeardownStarted(reason="requested"))

    await setting.until(project, ProjectDeleted, seconds=5)


async def test_a_credential_that_cannot_be_decrypted_fails_the_run_with_a_sentence(setting: Setting) -> None:
    await setting.start_worker()
    project = await setting.request("good", credential=Fernet(Fernet.generate_key()).encrypt(b"x").decode())

    events = await setting.until(project, ProvisioningFailed)

    ended: Any = events[-1]
    assert ended.reason == "run-failed"
    assert ended.detail == "The credential of vm-1 cannot be decrypted."


def bare(text: str) -> str:
    return text.replace("\x1b[0;32m", "").replace("\x1b[0m", "").strip()
