"""From POST /api/provision to the end of the live log, against bare `ansible-playbook` of the same plays, and
against the way of the platform's predecessor: a process a step, with Ansible's defaults.

All configure the same machines, fresh from the provider each time: the peers have the files that a run gets
(inventory, pinned keys, variables) and write their output to a file; the bare one has Ansible's configuration and
environment too.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from uuid_utils.compat import uuid7

from bench.figures import Figure
from hcmp_contracts.allocation import GrantedMachine
from hcmp_contracts.ssh_certificate import principal_of
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.domain.project_state import Details
from hcmp_provisioner.worker.plans import Planner
from hcmp_runner.ansible import environment
from hcmp_runner.files import run_files
from hcmp_runner.plan import Plan
from hcmp_runner.processes import end_all, in_directory
from hcmp_testkit.gateway import Person, sign_in
from hcmp_testkit.installation import Installation, bring_up, remove
from hcmp_webkit.vault import Vault

PLAYBOOKS = Path(__file__).resolve().parents[1] / "playbooks"
ANSIBLE = Path(sysconfig.get_path("scripts")) / "ansible-playbook"
TEMPLATE = "single"
AT_ONCE = (1, 3, 8)
MACHINES = max(AT_ONCE)
ROUNDS = 1
NAME = "bench"


async def measure() -> list[Figure]:
    with _installation() as installation, _in_memory() as runs:
        operator = await sign_in(installation.url, installation.username, installation.password)
        try:
            await _more_machines(operator)
            key = _key(runs / "key", installation.home / "secrets" / "ssh_authority_ed25519")
            return [figure for at_once in AT_ONCE for figure in await _figures(operator, runs, key, at_once)]
        finally:
            await operator.http.aclose()


async def _more_machines(operator: Person) -> None:
    """As many as the most projects at once need."""
    missing = MACHINES - (await operator.pool())["available"]
    answer = await operator.http.post(
        "/api/vms/import", json={"provider": "docker", "count": missing}, timeout=300
    )
    assert answer.is_success, answer.text
    await operator.pool_ready(MACHINES)


def _key(path: Path, authority: Path) -> Path:
    """A key for the peers, which the machines let in by the certificate beside it."""
    machines = ",".join(principal_of(f"lab-{number:02d}") for number in range(1, 100))
    made = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    signed = ("ssh-keygen", "-q", "-s", str(authority), "-I", NAME, "-n", machines, "-V", "+1d", f"{path}.pub")
    for command in (made, signed):
        subprocess.run(command, check=True)
    return path


@contextmanager
def _installation() -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="hcmp-bench-"))
    try:
        (home / "settings.env").write_text(f"HCMP_WORKER_SLOTS={MACHINES}\n", encoding="ascii")
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


async def _figures(operator: Person, runs: Path, key: Path, at_once: int) -> list[Figure]:
    """All three in turn, ROUNDS times. The platform chooses the machines, the peers follow."""
    platform = _Platform(operator, at_once)
    bare, before = _Peer(operator, runs, key, platform, _bare), _Peer(operator, runs, key, platform, _as_before)
    rounds = [(await platform.round(), await bare.round(), await before.round()) for _ in range(ROUNDS)]
    print(f"{at_once} at once: {rounds}", file=sys.stderr, flush=True)  # it takes minutes
    ours, floor, seed = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    name = f"{TEMPLATE}, POST to COMPLETED, {at_once} at once"
    return [
        Figure(name, f"{ours:.1f} s", f"ansible-playbook {floor:.1f} s", ours / floor, "≤ 1.05"),
        Figure(name, f"{ours:.1f} s", f"a process a step, defaults {seed:.1f} s", ours / seed, "< 1"),
    ]


@dataclass
class _Platform:
    operator: Person
    at_once: int
    vms: Sequence[Sequence[dict[str, Any]]] = ()

    async def round(self) -> float:
        """Seconds from just before the POSTs until the last project's log has ended, as its owner sees it."""
        began = time.perf_counter()
        projects = await asyncio.gather(*(self._project(number) for number in range(self.at_once)))
        seconds = time.perf_counter() - began
        self.vms = [project["vms"] for project in projects]
        for project in projects:
            await self.operator.http.delete(f"/api/projects/{project['project_id']}")
        for project in projects:
            await self.operator.settled(project["project_id"], "deleted")
        await self.operator.pool_ready(MACHINES)
        return seconds

    async def _project(self, number: int) -> dict[str, Any]:
        answer = await self.operator.provision(TEMPLATE, f"{NAME}-{number}")
        assert answer.status_code == 202, answer.text
        project: dict[str, Any] = answer.json()
        frames = await self.operator.log_frames(project["project_id"])
        assert frames[-1] == {"type": "end", "status": "completed"}, frames[-5:]
        return project


@dataclass
class _Peer:
    """Another way to run the same plays, on the machines that the platform chose last."""

    operator: Person
    runs: Path
    key: Path
    platform: _Platform
    run: Callable[[Plan], Awaitable[None]]

    async def round(self) -> float:
        """Seconds that it takes for all of them at once."""
        plans = [await self._plan(vms) for vms in self.platform.vms]
        with ExitStack() as stack:
            for plan in plans:
                directory = stack.enter_context(run_files(plan))
                # The SSH connections that wait for more.
                stack.callback(end_all, partial(in_directory, directory))
            began = time.perf_counter()
            await asyncio.gather(*(self.run(plan) for plan in plans))
            seconds = time.perf_counter() - began
        for vm in (vm for vms in self.platform.vms for vm in vms):
            answer = await self.operator.http.post(f"/api/vms/{vm['id']}/recycle")
            assert answer.status_code == 202, answer.text
        await self.operator.pool_ready(MACHINES)
        return seconds

    async def _plan(self, vms: Sequence[dict[str, Any]]) -> Plan:
        """What a worker would plan for these machines, as they are now."""
        template = load_templates(PLAYBOOKS)[TEMPLATE]
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
        planner = Planner(PLAYBOOKS, self.runs, self.key, Vault(Fernet.generate_key().decode()))
        machines = [await self._machine(vm["id"], vm["role"]) for vm in vms]
        return planner.plan(str(uuid7()), details, first_step=1, machines=machines)

    async def _machine(self, vm_id: str, role: str) -> GrantedMachine:
        vm = await self.operator.get(f"/api/vms/{vm_id}")
        facts = ("name", "address", "ssh_host", "ssh_port", "ssh_user", "host_key")
        return GrantedMachine(vm_id=vm_id, role=role, **{fact: vm[fact] for fact in facts})


async def _bare(plan: Plan) -> None:
    """One process for all plays, with the platform's configuration."""
    site = plan.directory / "project" / "site.yml"
    await _ansible_playbook(plan, os.environ | environment(plan) | {"LC_ALL": "C.UTF-8"}, site)


async def _as_before(plan: Plan) -> None:
    """As the platform's predecessor did: a process a step, with Ansible's defaults, from any directory."""
    its_own = environment(plan)
    needed = ("ANSIBLE_ROLES_PATH", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_SSH_CONTROL_PATH_DIR")
    settings = {name: its_own[name] for name in needed} | {
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        # Without pipelining, what runs as PostgreSQL's user there has to be readable for all.
        "ANSIBLE_SHELL_ALLOW_WORLD_READABLE_TEMP": "True",
    }
    for play in plan.plays:
        await _ansible_playbook(
            plan, os.environ | settings | {"LC_ALL": "C.UTF-8"}, plan.playbooks / "plays" / play, "--become"
        )


async def _ansible_playbook(plan: Plan, variables: Mapping[str, str], play: Path, *options: str) -> None:
    output = plan.directory / "output"
    with output.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            ANSIBLE,
            "-i",
            plan.directory / "hosts.json",
            play,
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=variables,
            cwd=plan.directory,
        )
        code = await process.wait()
    assert code == 0, output.read_text()
