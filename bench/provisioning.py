"""From POST /api/provision to the end of the live log, against bare `ansible-playbook` of the same plays.

Both configure the same machines, fresh from the provider each time: the peer has the files that a run gets
(inventory, pinned keys, variables), Ansible's configuration and its environment, and writes its output to a file.
"""

import asyncio
import os
import shutil
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from uuid_utils.compat import uuid7

from bench.figures import Figure
from hcmp_contracts.allocation import GrantedMachine
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.domain.project_state import Details
from hcmp_provisioner.run.ansible import environment
from hcmp_provisioner.run.files import run_files
from hcmp_provisioner.run.plan import Plan
from hcmp_provisioner.run.processes import end_all, in_directory
from hcmp_provisioner.worker.plans import Planner
from hcmp_testkit.gateway import Person, sign_in
from hcmp_testkit.installation import Installation, bring_up, remove

PLAYBOOKS = Path(__file__).resolve().parents[1] / "playbooks"
ANSIBLE = Path(sysconfig.get_path("scripts")) / "ansible-playbook"
TEMPLATES = ("single", "three-tier")
MACHINES = 6
ROUNDS = 2
NAME = "bench"


async def measure() -> list[Figure]:
    with _installation() as installation, _in_memory() as runs:
        return [await _figure(installation, runs, template) for template in TEMPLATES]


@contextmanager
def _installation() -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="hcmp-bench-"))
    try:
        yield bring_up(home)
    finally:
        remove(home)


@contextmanager
def _in_memory() -> Iterator[Path]:
    """A folder for the peer's runs, short as SSH's sockets want it, where the platform has its own too."""
    folder = Path(tempfile.mkdtemp(prefix="hcmp-bench-", dir="/dev/shm"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


async def _figure(installation: Installation, runs: Path, template: str) -> Figure:
    """Both in turn: once to warm up, then ROUNDS times. The platform chooses the machines, the peer follows."""
    operator = await sign_in(installation.url, installation.username, installation.password)
    try:
        platform = _Platform(operator, template)
        bare = _Bare(operator, template, runs, installation.home / "secrets" / "platform_ed25519", platform)
        await operator.pool_ready(MACHINES)
        times = [await _pair(platform, bare) for _ in range(1 + ROUNDS)]
    finally:
        await operator.http.aclose()
    ours, peer = (statistics.median(seconds) for seconds in zip(*times[1:], strict=True))
    name = f"{template}, POST to COMPLETED, {ROUNDS} rounds"
    return Figure(name, f"{ours:.1f} s", f"ansible-playbook {peer:.1f} s", ours / peer, "≤ 1.05")


async def _pair(platform: "_Platform", bare: "_Bare") -> tuple[float, float]:
    """One round of both, told as it ends: it takes minutes."""
    ours, peer = await platform.round(), await bare.round()
    print(f"{platform.template}: {ours:.1f} s against {peer:.1f} s", file=sys.stderr, flush=True)
    return ours, peer


@dataclass
class _Platform:
    operator: Person
    template: str
    vms: tuple[dict[str, Any], ...] = ()

    async def round(self) -> float:
        """Seconds from just before the POST until the log of the project has ended, as its owner sees it."""
        began = time.perf_counter()
        answer = await self.operator.provision(self.template, NAME)
        assert answer.status_code == 202, answer.text
        project_id = answer.json()["project_id"]
        frames = await self.operator.log_frames(project_id)
        seconds = time.perf_counter() - began
        assert frames[-1] == {"type": "end", "status": "completed"}, frames[-5:]
        self.vms = tuple(answer.json()["vms"])
        await self.operator.http.delete(f"/api/projects/{project_id}")
        await self.operator.settled(project_id, "deleted")
        await self.operator.pool_ready(MACHINES)
        return seconds


@dataclass
class _Bare:
    operator: Person
    template: str
    runs: Path
    key: Path
    platform: _Platform

    async def round(self) -> float:
        """Seconds that `ansible-playbook` takes for the plays, on the machines that the platform chose last."""
        plan = await self._plan()
        with run_files(plan) as directory:
            try:
                began = time.perf_counter()
                await _ansible_playbook(plan)
                seconds = time.perf_counter() - began
            finally:
                end_all(lambda: in_directory(directory))  # the SSH connections that wait for more
        for vm in self.platform.vms:
            answer = await self.operator.http.post(f"/api/vms/{vm['id']}/recycle")
            assert answer.status_code == 202, answer.text
        await self.operator.pool_ready(MACHINES)
        return seconds

    async def _plan(self) -> Plan:
        """What a worker would plan for these machines, as they are now."""
        template = load_templates(PLAYBOOKS)[self.template]
        details = Details(
            name=NAME,
            owner_id="",
            template=template.id,
            packages=(),
            variables=tuple(template.settle({}).items()),
            roles=template.roles,
            steps=template.plan(),
            request_digest="",
            lease_expires_at=None,
        )
        planner = Planner(PLAYBOOKS, self.runs, self.key, MultiFernet([Fernet(Fernet.generate_key())]))
        machines = [await self._machine(vm["id"], vm["role"]) for vm in self.platform.vms]
        return planner.plan(str(uuid7()), details, first_step=1, machines=machines)

    async def _machine(self, vm_id: str, role: str) -> GrantedMachine:
        vm = await self.operator.get(f"/api/vms/{vm_id}")
        facts = ("name", "address", "ssh_host", "ssh_port", "ssh_user", "host_key")
        return GrantedMachine(vm_id=vm_id, role=role, **{fact: vm[fact] for fact in facts})


async def _ansible_playbook(plan: Plan) -> None:
    output = plan.directory / "output"
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            ANSIBLE,
            "-i",
            plan.directory / "hosts.json",
            plan.directory / "project" / "site.yml",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=os.environ | environment(plan) | {"LC_ALL": "C.UTF-8"},
        )
        code = await process.wait()
    assert code == 0, output.read_text()
