"""A dry run of each template that ships, on clean lab machines: it ends well, shows its changes, and makes none."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import docker
import pytest

from hcmp_cli.lab import ensure_engine, ensure_images, remove_all
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.ports.provider import Machine
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.domain.template import Template
from hcmp_provisioner.run.messages import Line, Message
from hcmp_provisioner.run.plan import Plan, PlannedMachine, directory_of
from hcmp_provisioner.worker.interruption import Interruption
from hcmp_provisioner.worker.run_process import run_plan

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
TEMPLATES = load_templates(PLAYBOOKS)


@dataclass
class Lab:
    """Clean machines, and the key that opens them."""

    home: Path
    installation: str
    machines: list[Machine]

    @property
    def key(self) -> Path:
        return self.home / "key"

    async def dry_run(self, template: Template, *packages: str) -> tuple[int, str]:
        """Ansible's exit code and what it said."""
        said: list[str] = []

        async def hear(message: Message) -> None:
            if isinstance(message, Line):
                said.append(message.text)

        code = await run_plan(self._plan(template, packages), Interruption(), hear)
        return code, "\n".join(said)

    def _plan(self, template: Template, packages: tuple[str, ...]) -> Plan:
        run_id = secrets.token_hex(8)
        roles = [role.name for role in template.roles for _ in range(role.count)]
        return Plan(
            run_id=run_id,
            directory=directory_of(self.home / "runs", run_id),
            playbooks=PLAYBOOKS,
            plays=[step.play for step in template.steps],
            machines=[
                _planned(machine, role) for machine, role in zip(self.machines, roles, strict=False)
            ],
            platform_key=self.key,
            variables={
                "hcmp_project": "shop",
                "hcmp_project_id": run_id,
                "hcmp_packages": list(packages),
                "hcmp_variables": {"greeting": "{{ 1 + 1 }}"},
            },
            check=True,
        )


def _planned(machine: Machine, role: str) -> PlannedMachine:
    return PlannedMachine(
        name=machine.name,
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
        yield Lab(home, installation, await asyncio.gather(*(provider.create(f"lab-{n}") for n in range(1, 6))))
    finally:
        await provider.close()
        await asyncio.to_thread(remove_all, installation)
        shutil.rmtree(home)


SHOWN = {
    "single": ["The following NEW packages will be installed", "listen_addresses = 'localhost'"],
    "three-tier": ["host hcmp_app hcmp_app", "greeting: ", "proxy_pass http://hcmp_app;"],
    "ha": ["option httpchk GET /healthz", "primary_slot_name = 'hcmp_replica_1'", "+# BEGIN machines of the same"],
}


async def test_dry_runs_of_all_templates_on_clean_machines_show_what_would_change_and_change_nothing(
    lab: Lab,
) -> None:
    assert set(SHOWN) == set(TEMPLATES)
    # At once and on the same machines: none of them changes anything.
    ended = await asyncio.gather(*(lab.dry_run(TEMPLATES[name], "tree") for name in SHOWN))
    for (code, said), words in zip(ended, SHOWN.values(), strict=True):
        assert code == 0, said
        assert [word for word in words if word not in said] == [], said
        assert "A dry run has installed nothing that could answer" in said
    assert await asyncio.to_thread(_changes, lab.installation) == []


async def test_a_package_that_does_not_exist_fails_a_dry_run(lab: Lab) -> None:
    code, said = await lab.dry_run(TEMPLATES["single"], "no-such-package")
    assert code != 0
    assert "No package matching 'no-such-package' is available" in said


def _changes(installation: str) -> list[str]:
    """What lies in the machines' containers now that was not there in their image, where a run would put it."""
    client = docker.from_env()
    places = ("/etc/nginx", "/etc/haproxy", "/etc/postgresql", "/etc/hcmp", "/opt/hcmp", "/usr/bin", "/etc/init.d")
    try:
        containers = client.containers.list(filters={"label": f"hcmp.installation={installation}"})
        assert len(containers) == 5
        changed = [change["Path"] for container in containers for change in container.diff() or []]
        return [path for path in changed if path.startswith(places)]
    finally:
        client.close()
