"""What OpenSSH on a lab machine does with the platform's certificates, asked by the client that runs use."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import docker
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hcmp_auth.adapters.ssh_authority import SshAuthority
from hcmp_auth.ports import SshTerms
from hcmp_cli.lab import ensure_engine, ensure_images, remove_all
from hcmp_inventory.adapters.certificates import Pair
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.adapters.ssh import SshProber
from hcmp_inventory.ports.connections import Login
from hcmp_inventory.ports.provider import Machine
from hcmp_webkit.ssh_certificates import EphemeralKey

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

LEFT_OUT = "Permission denied"


@dataclass
class Lab:
    """Two machines that trust an authority of two keys, of which another signs with the second alone."""

    machines: list[Machine]
    authority: SshAuthority
    exchanged: SshAuthority
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hcmp-test-", dir="/dev/shm")))

    def key(self, *, authority: SshAuthority | None = None, **changes: Any) -> Path:
        """A file with a new key, whose certificate is beside it: for the first machine, unless changed."""
        key, now = EphemeralKey.generate(), datetime.now(UTC)
        facts: dict[str, Any] = {
            "serial": 1,
            "key_id": "run/test",
            "principals": ["machine/lab-01"],
            "valid_after": now - timedelta(minutes=1),
            "valid_before": now + timedelta(minutes=2),
            "source_addresses": [],
            "extensions": [],
        }
        signed = (authority or self.authority).sign(key.public, SshTerms(**facts | changes))
        path = self.folder / secrets.token_hex(4)
        path.touch(mode=0o600)
        path.write_text(key.private)
        path.with_name(f"{path.name}-cert.pub").write_text(signed.certificate)
        return path

    async def ssh(self, key: Path, *command: str, machine: int = 0, user: str = "hcmp") -> str:
        """What a command says on a machine, or what the client says of its refusal."""
        found = self.machines[machine]
        hosts = self.folder / "known_hosts"
        hosts.write_text("".join(f"[{m.ssh_host}]:{m.ssh_port} {m.host_key}\n" for m in self.machines))
        options = f"-F /dev/null -i {key} -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes"
        options += f" -o UserKnownHostsFile={hosts} -p {found.ssh_port}"
        process = await asyncio.create_subprocess_exec(
            *("ssh", *options.split(), f"{user}@{found.ssh_host}", *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return (await process.communicate())[0].decode()


@pytest.fixture(scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    await asyncio.to_thread(ensure_engine, print, tmp_path_factory.mktemp("engine"))
    image = (await asyncio.to_thread(ensure_images, print)).lab
    first, second = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    authority = SshAuthority([first, second])

    async def authorities() -> str:
        return "\n".join(authority.public_keys())

    installation = f"test-{secrets.token_hex(4)}"
    provider = DockerProvider(installation=installation, image=image, authorities=authorities)
    try:
        machines = await asyncio.gather(provider.create("lab-01"), provider.create("lab-02"))
        lab = Lab(list(machines), authority, SshAuthority([second]))
        yield lab
        shutil.rmtree(lab.folder)
    finally:
        await provider.close()
        await asyncio.to_thread(remove_all, installation)


async def test_a_certificate_opens_its_machine_and_root_is_a_sudo_away(lab: Lab) -> None:
    assert await lab.ssh(lab.key(), "hostname; sudo -n whoami") == "lab-01\nroot\n"


async def test_while_the_authority_is_exchanged_both_its_keys_are_trusted(lab: Lab) -> None:
    assert await lab.ssh(lab.key(authority=lab.exchanged), "hostname") == "lab-01\n"


@pytest.mark.parametrize(
    "changes",
    [
        {
            "valid_before": datetime.now(UTC) - timedelta(seconds=5),
            "valid_after": datetime.now(UTC) - timedelta(1),
        },
        {"valid_after": datetime.now(UTC) + timedelta(hours=1), "valid_before": datetime.now(UTC) + timedelta(1)},
        {"principals": ["machine/lab-02"]},
        {"principals": ["hcmp", "root", "lab-01"]},
        {"source_addresses": ["192.0.2.1"]},
        {"authority": SshAuthority([Ed25519PrivateKey.generate()])},
    ],
    ids=["expired", "not yet good", "another machine's", "a user's name", "from elsewhere", "a strange authority"],
)
async def test_no_other_certificate_opens_it(lab: Lab, changes: dict[str, Any]) -> None:
    assert LEFT_OUT in await lab.ssh(lab.key(**changes), "hostname")


async def test_no_other_user_is_let_in_by_it(lab: Lab) -> None:
    for user in ("root", "www-data", "nobody"):
        assert LEFT_OUT in await lab.ssh(lab.key(), "id", user=user)


async def test_a_bare_key_opens_nothing(lab: Lab) -> None:
    key = lab.key()
    key.with_name(f"{key.name}-cert.pub").unlink()
    assert LEFT_OUT in await lab.ssh(key, "hostname")


async def test_a_run_has_no_terminal_and_a_session_has(lab: Lab) -> None:
    assert "PTY allocation request failed" in await lab.ssh(lab.key(), "-tt", "tty")
    assert "/dev/pts/" in await lab.ssh(lab.key(extensions=["permit-pty"]), "-tt", "tty")


async def test_where_the_platform_is_known_to_be_its_certificate_is_good_from_there(lab: Lab) -> None:
    gateway = lab.machines[0].address.rpartition(".")[0] + ".1"
    assert await lab.ssh(lab.key(source_addresses=[gateway]), "hostname") == "lab-01\n"


async def test_a_machine_of_the_lab_does_not_get_into_another_by_a_stolen_certificate(lab: Lab) -> None:
    key, target = lab.key(), lab.machines[0]
    names = (key.name, f"{key.name}-cert.pub")
    copies = "\n".join(f"cat > {name} <<'END'\n{(lab.folder / name).read_text().rstrip()}\nEND" for name in names)
    command = f"ssh -i {key.name} -o BatchMode=yes -o StrictHostKeyChecking=no hcmp@{target.address} hostname 2>&1"
    script = f"umask 077; cd /tmp\n{copies}\n{command}"

    def steal() -> str:
        with closing(docker.from_env()) as client:
            found = client.containers.get(lab.machines[1].provider_ref).exec_run(["sh", "-c", script])
            return str(found.output.decode())

    assert LEFT_OUT in await asyncio.to_thread(steal)
    assert await lab.ssh(key, "hostname") == "lab-01\n", "from the platform it is good"


async def test_of_the_authorities_that_a_machine_trusts_only_strangers_are_found_on_it(lab: Lab) -> None:
    path, seen = lab.key(), lab.machines[0]
    login = Login(seen.name, seen.ssh_host, seen.ssh_port, seen.ssh_user, seen.host_key, None)
    pair = asyncssh.read_private_key(path), asyncssh.read_certificate(path.with_name(f"{path.name}-cert.pub"))

    async def certificate(_: str) -> Pair:
        return pair

    async def found(authority: SshAuthority) -> set[str]:
        async def authorities() -> str:
            return "\n".join(authority.public_keys())

        prober = SshProber(key_file=None, certificate=certificate, authorities=authorities)
        return {fact for fact in await prober.survey(login) if fact.startswith("authority ")}

    assert await found(lab.authority) == set()
    former = " ".join(lab.authority.public_keys()[0].split()[:2])
    trusted = "/etc/ssh/trusted_authorities"
    assert await found(lab.exchanged) == {f"authority {trusted} {former}"}, "it is the platform's no more"
    stranger = " ".join(SshAuthority([Ed25519PrivateKey.generate()]).public_keys()[0].split()[:2])
    await lab.ssh(lab.key(), f"echo '{stranger} mina' | sudo tee -a {trusted}")
    assert await found(lab.authority) == {f"authority {trusted} {stranger}"}
