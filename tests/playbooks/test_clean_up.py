"""The clean-up playbook on a real machine: a project's application, data, people, keys, jobs and programs go, what was
there before stays, and it may run again.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from hcmp_cli.lab import ensure_engine, ensure_images, remove_all
from hcmp_contracts.vm import VmRegistered
from hcmp_inventory.adapters.certificates import Pair
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.adapters.playbook_cleaner import PLAY, PlaybookCleaner, left_by_kind
from hcmp_inventory.adapters.ssh import SshProber
from hcmp_inventory.domain.survey import Survey, baseline_of, leftovers
from hcmp_inventory.ports.cleaner import CleaningFailedError
from hcmp_inventory.ports.connections import CertificateUnavailableError, Login
from hcmp_inventory.ports.provider import Machine
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_runner.messages import TaskEnded
from hcmp_runner.plan import Plan, PlannedMachine, directory_of
from hcmp_runner.process import run_process

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
# The clean-up is tried, and not the template.
NOT_NEEDED = ("single/web.yml", "single/check.yml")
MINAS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMinaMinaMinaMinaMinaMinaMinaMinaMinaMinaMina"
USE = f"""
set -e
useradd --create-home --shell /bin/bash mina
mkdir -p /home/mina/.ssh /root/.ssh && echo '{MINAS_KEY} mina@home' | tee -a /home/mina/.ssh/authorized_keys
echo '{MINAS_KEY} mina@home' >> /home/hcmp/.ssh/authorized_keys
echo '{MINAS_KEY} mina@home' >> /root/.ssh/authorized_keys
echo 'mina ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/mina
echo '* * * * * root true' > /etc/cron.d/mina
mkdir -p /var/spool/cron/crontabs && echo '* * * * * true' > /var/spool/cron/crontabs/mina
echo secret > /home/hcmp/notes; echo secret > /root/notes; mkdir -p /opt/mina && echo x > /opt/mina/x; echo x > /tmp/x
su mina -c 'nohup sleep 3600 >/dev/null 2>&1 &'
su hcmp -c 'nohup sleep 3601 >/dev/null 2>&1 &'
"""


@dataclass
class Used:
    """A machine, how to sign in to it, what was on it, and whoever cleans it."""

    machine: Machine
    login: Login
    prober: SshProber
    cleaner: PlaybookCleaner
    home: Path

    @property
    def facts(self) -> VmRegistered:
        seen = self.machine
        return VmRegistered(
            name=seen.name,
            address=seen.address,
            ssh_host=seen.ssh_host,
            ssh_port=seen.ssh_port,
            ssh_user=seen.ssh_user,
            exporter_host=seen.exporter_host,
            exporter_port=seen.exporter_port,
            provider="static",
            provider_ref=seen.name,
            host_key=seen.host_key,
        )

    async def survey(self) -> Survey:
        return await self.prober.survey(self.login)

    async def run(self, plays: list[str], variables: dict[str, object]) -> tuple[int, list[str]]:
        """Ansible's exit code, and the tasks that changed something or failed."""
        run_id = secrets.token_hex(6)
        seen = self.machine
        planned = PlannedMachine(
            name=seen.name,
            role="server",
            address=seen.address,
            ssh_host=seen.ssh_host,
            ssh_port=seen.ssh_port,
            ssh_user=seen.ssh_user,
            host_key=seen.host_key,
        )
        plan = Plan(
            run_id=run_id,
            directory=directory_of(self.home / "runs", run_id),
            playbooks=PLAYBOOKS,
            plays=plays,
            machines=[planned],
            platform_key=self.home / "key",
            variables=variables,
        )
        told = []
        async with run_process(plan) as process:
            async for message in process.messages():
                if isinstance(message, TaskEnded) and message.outcome in ("changed", "failed"):
                    told.append(f"{message.task}: {message.reason}" if message.reason else message.task)
        assert process.ended is not None
        return process.ended.code, told

    async def shell(self, script: str) -> str:
        async with asyncssh.connect(
            self.login.host,
            self.login.port,
            username=self.login.user,
            client_keys=[self.home / "key"],
            known_hosts=([asyncssh.import_public_key(self.login.host_key)], [], []),
            config=None,
            agent_path=None,
        ) as connection:
            done = await connection.run("sudo sh", input=script, check=True)
        return str(done.stdout)


async def none(machine: str) -> Pair:
    raise CertificateUnavailableError(machine)


@pytest.fixture
async def used(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Used]:
    await asyncio.to_thread(ensure_engine, print, tmp_path_factory.mktemp("engine"))
    image = (await asyncio.to_thread(ensure_images, print)).lab
    key = asyncssh.generate_private_key("ssh-ed25519")
    installation, home = f"test-{secrets.token_hex(4)}", Path(tempfile.mkdtemp(prefix="hcmp-test-", dir="/dev/shm"))
    (home / "key").write_bytes(key.export_private_key("openssh"))
    (home / "key").chmod(0o600)
    provider = DockerProvider(
        installation=installation, image=image, authorized_key=key.export_public_key().decode().strip()
    )
    try:
        machine = await provider.create("lab-1")
        yield Used(
            machine,
            Login(machine.name, machine.ssh_host, machine.ssh_port, machine.ssh_user, machine.host_key, None),
            SshProber(key_file=home / "key", certificate=none),
            PlaybookCleaner(playbooks=PLAYBOOKS, run_directory=home / "runs", platform_key=home / "key", certificate=none),
            home,
        )
    finally:
        await provider.close()
        await asyncio.to_thread(remove_all, installation)
        shutil.rmtree(home)


async def test_what_a_project_put_on_a_machine_goes_and_what_was_there_stays(used: Used) -> None:
    before = await used.survey()
    template = load_templates(PLAYBOOKS)["single"]
    variables: dict[str, object] = {
        "hcmp_project": "shop",
        "hcmp_project_id": "a-project",
        "hcmp_packages": ["tree"],
        "hcmp_variables": {"greeting": "hi"},
    }
    plays = [step.play for step in template.steps if step.play not in NOT_NEEDED]
    code, told = await used.run(plays, variables)
    assert code == 0, told
    await used.shell(USE)
    left = leftovers(await used.survey(), baseline_of(before), made_anew=False)
    kinds = {fact.partition(" ")[0] for fact in left}
    assert kinds >= {"mark", "key", "user", "sudoers", "process", "file", "cron", "port", "package"}
    assert "mark a-project" in left
    assert sum(MINAS_KEY in fact for fact in left) == 3

    await used.cleaner.clean(used.facts, used.login, left)

    after = await used.survey()
    assert leftovers(after, baseline_of(before), made_anew=False) == ()
    assert baseline_of(before) == baseline_of(after)
    gone = "ls /tmp/x /var/lib/postgresql/* /etc/postgresql/* /opt/hcmp-app /home/mina; true"
    assert (await used.shell(gone)).strip() == ""
    assert "same project" not in await used.shell("cat /etc/hosts")
    assert [path.name for path in (used.home / "runs").iterdir()] == [], "no secret of the run is left"
    again: dict[str, object] = {"clean_left": left_by_kind(left), "clean_user": "hcmp"}
    assert await used.run([PLAY], again) == (0, [])


async def test_a_clean_up_of_a_machine_that_shows_another_key_does_not_begin(used: Used) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    login = Login("lab-1", used.login.host, used.login.port, used.login.user, " ".join(other.split()[:2]), None)
    with pytest.raises(CleaningFailedError, match="reached over ssh"):
        await used.cleaner.clean(used.facts, login, ())


def test_only_what_people_and_templates_put_somewhere_is_removed() -> None:
    hostile = ("file /", "file /etc/passwd", "file /home/../etc/shadow", "file /bin", "file /root/../etc")
    assert left_by_kind(hostile)["paths"] == []
    fine = ("file /root/notes", "cron /etc/cron.d/mina", "sudoers /etc/sudoers.d/mina", "file /home/hcmp/a b")
    assert left_by_kind(fine)["paths"] == [fact.partition(" ")[2] for fact in fine]
    assert left_by_kind(("key /root/.ssh/authorized_keys ssh-ed25519 AAAA",))["keys"] == [
        {"path": "/root/.ssh/authorized_keys", "key": "AAAA"}
    ]
