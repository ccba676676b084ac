"""Dry runs of what ships, on clean lab machines: they end well, show their changes, and make none.

`single` runs whole, and of `ha` what `single` does not have; the plays of `three-tier` use the same roles.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import asyncssh
import docker
import pytest

from hcmp_cli.lab import ensure_engine, ensure_images, remove_all
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.ports.provider import Machine
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.domain.template import Template
from hcmp_runner.messages import Line, Message
from hcmp_runner.plan import Plan, PlannedMachine, directory_of
from hcmp_provisioner.worker.interruption import Interruption
from hcmp_provisioner.worker.run_process import run_plan

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
TEMPLATES = load_templates(PLAYBOOKS)
MACHINES = ("lab-1", "lab-2")


@dataclass
class Lab:
    """Clean machines, and the key that opens them."""

    home: Path
    installation: str
    machines: list[Machine]

    @property
    def key(self) -> Path:
        return self.home / "key"

    async def dry_run(self, template: Template, plays: Sequence[str], *packages: str) -> tuple[int, str]:
        """Ansible's exit code and what it said. Machines of several roles may be one and the same here."""
        said: list[str] = []

        async def hear(message: Message) -> None:
            if isinstance(message, Line):
                said.append(message.text)

        code = await run_plan(self._plan(template, plays, packages), Interruption(), hear)
        return code, "\n".join(said)

    def _plan(self, template: Template, plays: Sequence[str], packages: Sequence[str]) -> Plan:
        run_id = secrets.token_hex(8)
        roles = [role.name for role in template.roles for _ in range(role.count)]
        return Plan(
            run_id=run_id,
            directory=directory_of(self.home / "runs", run_id),
            playbooks=PLAYBOOKS,
            plays=list(plays),
            machines=[
                _planned(f"{role}-{number}", machine, role)
                for number, (machine, role) in enumerate(zip(cycle(self.machines), roles, strict=False))
            ],
            platform_key=self.key,
            variables={
                "hcmp_project": "shop",
                "hcmp_project_id": run_id,
                "hcmp_packages": list(packages),
                "hcmp_variables": {"greeting": "hi {{ 1 + 1 }}"},
            },
            check=True,
        )


def _planned(name: str, machine: Machine, role: str) -> PlannedMachine:
    return PlannedMachine(
        name=name,
        role=role,
        address=machine.address,
        ssh_host=machine.ssh_host,
        ssh_port=machine.ssh_port,
        ssh_user=machine.ssh_user,
        host_key=machine.host_key,
    )


@pytest.fixture(scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    await asyncio.to_thread(ensure_engine, print, tmp_path_factory.mktemp("engine"))
    image = (await asyncio.to_thread(ensure_images, print)).lab
    key = asyncssh.generate_private_key("ssh-ed25519")
    installation, home = f"test-{secrets.token_hex(4)}", Path(tempfile.mkdtemp(prefix="hcmp-test-", dir="/dev/shm"))
    (home / "key").write_bytes(key.export_private_key("openssh"))
    (home / "key").chmod(0o600)
    authorized = key.export_public_key().decode().strip()
    provider = DockerProvider(installation=installation, image=image, authorized_key=authorized)
    try:
        yield Lab(home, installation, await asyncio.gather(*(provider.create(name) for name in MACHINES)))
    finally:
        await provider.close()
        await asyncio.to_thread(remove_all, installation)
        shutil.rmtree(home)


async def test_a_dry_run_of_single_shows_what_would_change_and_changes_nothing(lab: Lab) -> None:
    single = TEMPLATES["single"]
    code, said = await lab.dry_run(single, [step.play for step in single.steps], "tree")
    assert code == 0, said
    for words in (
        "+# BEGIN machines of the same project",
        "The following NEW packages will be installed",
        "listen_addresses = 'localhost'",
        "greeting: hi {{ 1 + 1 }}",
        "proxy_pass http://hcmp_app;",
        "A dry run has installed nothing that could answer",
    ):
        assert words in said
    assert await asyncio.to_thread(_changes, lab.installation) == []


async def test_a_dry_run_of_the_balancer_and_the_replica_changes_nothing_either(lab: Lab) -> None:
    plays = ["ha/database.yml", "ha/replica.yml", "ha/balancer.yml", "ha/check.yml"]
    code, said = await lab.dry_run(TEMPLATES["ha"], plays)
    assert code == 0, said
    for words in ("primary_slot_name = 'hcmp_replica_1'", "would be copied", "option httpchk GET /healthz"):
        assert words in said
    assert await asyncio.to_thread(_changes, lab.installation) == []


async def test_a_package_that_does_not_exist_fails_a_dry_run(lab: Lab) -> None:
    code, said = await lab.dry_run(TEMPLATES["single"], ["common/packages.yml"], "no-such-package")
    assert code != 0
    assert "No package matching 'no-such-package' is available" in said


def _changes(installation: str) -> list[str]:
    """What lies in the machines' containers now that was not there in their image, where a run would put it."""
    client = docker.from_env()
    places = ("/etc/nginx", "/etc/haproxy", "/etc/postgresql", "/etc/hcmp", "/opt/hcmp", "/usr/bin", "/etc/init.d")
    try:
        containers = client.containers.list(filters={"label": f"hcmp.installation={installation}"})
        assert len(containers) == len(MACHINES)
        changed = [change["Path"] for container in containers for change in container.diff() or []]
        return [path for path in changed if path.startswith(places)]
    finally:
        client.close()
