"""Workers of the provisioner as real processes, with real Ansible on plays that run where they stand."""

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
from cryptography.fernet import Fernet
from nats.aio.client import Client

from hcmp_contracts.allocation import AllocationGranted, GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.logs import LineFrame
from hcmp_contracts.project import PlannedStep, ProjectRequested, RoleCount
from hcmp_contracts.vm import VM_CREDENTIAL
from hcmp_eventstore.logstream import Frame, open_log, read_log
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_testkit.ports import free_port
from hcmp_testkit.warm import WarmProcess, start
from hcmp_webkit.vault import Binding, Vault

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

GOOD = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; echo done'"


def play(task: str, *, connection: str = "local") -> str:
    return f"""
- name: A step
  hosts: all
  connection: {connection}
  gather_facts: false
  become: false
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - name: Do it
      {task}
"""


@dataclass
class WorkerLab:
    """A broker, playbooks of local plays, and workers as processes. `ran` is what the plays note.

    `machine` is what is known of every machine beside the defaults, `others` that of the second and so on. With
    `platform_key` None workers have no key of the platform's.
    """

    nats: NatsServer
    store: EventStore
    home: Path
    fernet_key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    machine: dict[str, Any] = field(default_factory=dict)
    others: Sequence[dict[str, Any]] = ()
    platform_key: Path | None = None
    workers: list[WarmProcess] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.store.client

    @property
    def vault(self) -> Vault:
        return Vault(self.fernet_key)

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def ran(self) -> list[str]:
        """The plays that ran, in order, once for each machine."""
        file = self.home / "ran"
        return file.read_text().split() if file.exists() else []

    def lay_out(self, playbooks: Path) -> None:
        """Write the playbooks of a lab: one template, and the play that it needs."""
        for folder in ("templates", "plays", "roles"):
            (self.home / "playbooks" / folder).mkdir(parents=True)
        shutil.copy(playbooks / "ansible.cfg", self.home / "playbooks")
        shutil.copy(playbooks / "templates" / "template.schema.json", self.home / "playbooks" / "templates")
        self.add_template("test")
        self.platform_key = self.home / "key"
        self.platform_key.write_text("not used by local plays")
        self.platform_key.chmod(0o600)
        self.add_play("good", GOOD)

    def add_template(self, name: str, *, teardown: Sequence[str] = (), replace: bool = False) -> None:
        """A template, to be there before a worker starts; `teardown` names plays."""
        text = {"en": "Test", "ko": "시험"}
        template = {
            "id": name,
            "title": text,
            "description": text,
            "roles": [{"name": "web", "count": 2}],
            "steps": [{"name": text, "play": "good.yml"}],
            "teardown": [{"name": {"en": f"Undo {play}", "ko": play}, "play": f"{play}.yml"} for play in teardown],
            "replace": replace,
        }
        (self.home / "playbooks" / "templates" / f"{name}.yml").write_text(json.dumps(template))

    def add_play(self, name: str, task: str, *, connection: str = "local") -> None:
        """In the task, PLAY is the play's name and RAN the file in which it may note that it ran."""
        text = play(task.replace("PLAY", name).replace("RAN", str(self.home / "ran")), connection=connection)
        (self.home / "playbooks" / "plays" / f"{name}.yml").write_text(text)

    def environment(self, port: int, **settings: object) -> dict[str, str]:
        """What a worker of this lab finds in its environment."""
        return (
            os.environ
            | {f"HCMP_{name.upper()}": str(value) for name, value in settings.items()}
            | {
                "HCMP_PORT": str(port),
                "HCMP_NATS_URL": self.nats.url,
                "HCMP_NATS_USER": USER,
                "HCMP_NATS_PASSWORD": PASSWORD,
                "HCMP_DATABASE_URL": "postgresql://unused",
                "HCMP_PUBLIC_URL": "http://127.0.0.1:1",
                "HCMP_PLAYBOOKS_DIR": str(self.home / "playbooks"),
                "HCMP_FERNET_KEYS": self.fernet_key,
                "HCMP_RUN_DIRECTORY": str(self.runs),
            }
            | ({} if self.platform_key is None else {"HCMP_SSH_KEY_FILE": str(self.platform_key)})
        )

    async def start_worker(self, **settings: object) -> WarmProcess:
        """A worker that is ready."""
        port = free_port()
        worker = start("hcmp_provisioner.worker", self.environment(port, **settings), self.home / "worker.log")
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

    async def request(
        self,
        *plays: str,
        secret: str | None = None,
        machines: int = 2,
        template: str = "test",
        dry_run: bool = False,
    ) -> str:
        """A project whose machines are granted; `secret` in clear opens each of them."""
        project_id = str(uuid4())
        steps = [PlannedStep(number=n, name=f"Step {p}", play=f"{p}.yml") for n, p in enumerate(plays, start=1)]
        await happened(
            self.store,
            project_id,
            ProjectRequested(
                name="shop",
                owner_id="owner",
                owner_username="kim",
                template=template,
                packages=["htop"],
                variables={"greeting": "{{ 1 + 1 }}"},
                roles=[RoleCount(name="web", count=machines)],
                steps=steps,
                dry_run=dry_run,
            ),
        )
        await happened(
            self.store,
            project_id,
            AllocationGranted(
                owner_id="owner",
                attempt=1,
                machines=[self._machine(n, secret) for n in range(1, machines + 1)],
            ),
        )
        return project_id

    def _machine(self, number: int, secret: str | None) -> GrantedMachine:
        facts: dict[str, Any] = {
            "vm_id": f"vm-{number}",
            "name": f"vm-{number}",
            "address": f"10.0.0.{number}",
            "role": "web",
            "ssh_host": "127.0.0.1",
            "ssh_port": 22,
            "ssh_user": "hcmp",
            "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA",
            "credential": secret and self.vault.seal(secret, Binding(VM_CREDENTIAL, f"vm-{number}")),
        }
        own = self.others[number - 2] if 1 < number < len(self.others) + 2 else {}
        return GrantedMachine(**(facts | self.machine | own))

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

    async def said(self, project_id: str) -> str:
        """The lines of the project's log, without their colours."""
        lines = [frame.text for frame in await self.log(project_id) if isinstance(frame, LineFrame)]
        return _COLOURS.sub("", "\n".join(lines))

    def assert_nothing_left(self, project_id: str) -> None:
        """No process of the run lives on this host and no file of it lies anywhere."""
        assert processes_of(project_id) == []
        assert list(self.runs.glob(f"{directory_name(project_id)}*")) == []

    async def until_swept(self) -> None:
        """Wait until killed workers' runs have ended by themselves."""
        await until(lambda: not self.runs.exists() or not list(self.runs.iterdir()))


async def until(check: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not check():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


def directory_name(project_id: str) -> str:
    """What the names of a run's directories begin with."""
    return project_id.replace("-", "")[-12:]


def processes_of(project_id: str) -> list[psutil.Process]:
    """Everything alive of a run: by its marker, or by its directory, of which an SSH master speaks."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            named = f"/{directory_name(project_id)}" in " ".join(process.cmdline())
            if named or process.environ().get("HCMP_RUN_ID") == project_id:
                found.append(process)
    return found


def ssh_masters_of(project_id: str) -> list[psutil.Process]:
    return [process for process in processes_of(project_id) if "[mux]" in " ".join(process.cmdline())]


@asynccontextmanager
async def worker_lab(nats: NatsServer, store: EventStore, playbooks: Path) -> AsyncIterator[WorkerLab]:
    """A lab whose template schema and ansible.cfg are those of `playbooks`. Its home is short and in memory, as
    the directory of runs must be; all its workers are killed at the end, and nothing of their runs may be left.
    """
    home = Path(tempfile.mkdtemp(prefix="hcmp-test-", dir="/dev/shm"))
    try:
        lab = WorkerLab(nats, store, home)
        lab.lay_out(playbooks)
        yield lab
        for worker in lab.workers:
            worker.kill()
            worker.wait()
        await lab.until_swept()
    finally:
        shutil.rmtree(home)
