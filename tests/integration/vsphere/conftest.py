"""The vSphere provider against a real API simulator, with SSH servers for machines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from hcmp_inventory.adapters.addresses import CheckedAddresses
from hcmp_inventory.adapters.ssh import SshProber
from hcmp_inventory.adapters.vsphere.clones import Clones, Identity, Workshop
from hcmp_inventory.adapters.vsphere.connections import Connections
from hcmp_inventory.adapters.vsphere.hands import Hands
from hcmp_inventory.adapters.vsphere.marks import Marks
from hcmp_inventory.adapters.vsphere.provider import VsphereProvider
from hcmp_inventory.adapters.vsphere.reaching import Reach
from hcmp_inventory.ports.connections import CertificateUnavailableError
from hcmp_inventory.ports.hypervisor import CloneDefaults, VcenterAccess
from hcmp_testkit.ports import free_port
from hcmp_testkit.ssh_lab import SshMachine
from hcmp_testkit.vcenter import DATACENTER, PASSWORD, USERNAME, Certificate, SimulatedVcenter, simulated_vcenter

AUTHORITY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"
ADDRESSES = CheckedAddresses(allow_loopback=True)


@dataclass
class Platform:
    """What the platform knows of a vCenter, which a test may change at any time, and its provider."""

    access: VcenterAccess | None
    connections: Connections
    provider: VsphereProvider
    identity: Identity
    reach: Reach

    def clones(self, port: int, **wanted: Any) -> Clones:
        """Clones whose SSH servers listen elsewhere than on 22."""
        return Clones(
            self.connections, self.identity, self.reach, Workshop(), CloneDefaults(**wanted), ssh_port=port
        )

    async def hands(self, reference: str) -> Hands:
        return Hands(await self.connections.session(), reference)

    async def marks(self, reference: str) -> Marks | None:
        has = await (await self.hands(reference)).properties()
        assert has is not None
        return Marks.read(has.get("config.extraConfig"))

    async def snapshots(self, reference: str) -> list[str]:
        has = await (await self.hands(reference)).properties() or {}
        return [tree.name for tree in has["snapshot"].rootSnapshotList] if has.get("snapshot") else []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made_in(tmp_path_factory.mktemp("vcenter"))


@pytest.fixture
async def vcenter(certificate: Certificate) -> AsyncIterator[SimulatedVcenter]:
    async with simulated_vcenter(certificate, options={"machines": 4}) as simulator:
        yield simulator


@pytest.fixture
def access(vcenter: SimulatedVcenter) -> VcenterAccess:
    return _access_to(vcenter)


@pytest.fixture
def access_to() -> Callable[..., VcenterAccess]:
    return _access_to


def _access_to(vcenter: SimulatedVcenter, **changes: Any) -> VcenterAccess:
    made = VcenterAccess(
        host="127.0.0.1",
        port=vcenter.port,
        username=USERNAME,
        password=PASSWORD,
        datacenter=DATACENTER,
        ca_pem=vcenter.certificate.pem,
        defaults=CloneDefaults(ssh_user="hcmp"),
    )
    return replace(made, **changes)


@pytest.fixture(scope="session")
def machine_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
async def make_platform(machine_key: asyncssh.SSHKey, tmp_path: Path) -> AsyncIterator[Callable[..., Platform]]:
    """A platform whose waits are short, closed at the end."""
    key_file = tmp_path / "platform-key"
    machine_key.write_private_key(key_file)
    async with AsyncExitStack() as stack:

        def make(access: VcenterAccess | None, *, installation: str = "test", **seconds: float) -> Platform:
            async def configured() -> VcenterAccess | None:
                return made.access

            connections = Connections(configured, ADDRESSES, **seconds)
            prober = SshProber(key_file=key_file, certificate=no_certificate, seconds=2)
            reach = Reach(ADDRESSES, prober, seconds=4)
            identity = Identity(installation, authorities)
            provider = VsphereProvider(connections, reach, identity, address_seconds=4)
            made = Platform(access, connections, provider, identity, reach)
            stack.push_async_callback(provider.close)
            return made

        yield make


@pytest.fixture
def platform(make_platform: Callable[..., Platform], access: VcenterAccess) -> Platform:
    return make_platform(access)


async def no_certificate(machine: str) -> Any:
    raise CertificateUnavailableError(f"nobody signs one for {machine}")


async def authorities() -> str:
    return AUTHORITY


Inhabit = Callable[..., Awaitable[SshMachine]]


@pytest.fixture
async def inhabit(machine_key: asyncssh.SSHKey) -> AsyncIterator[Inhabit]:
    """An SSH server at an address of loopback, behind a machine of a simulator if one is named, which is on."""
    port = free_port()
    async with AsyncExitStack() as stack:

        async def start(
            address: str, vcenter: SimulatedVcenter | None = None, name: str = "", password: str | None = None
        ) -> SshMachine:
            key = None if password else machine_key.public_data
            machine = SshMachine(authorized_key=key, password=password, port=port, host=address)
            await machine.start()
            stack.push_async_callback(machine.stop)
            if vcenter is not None:
                await asyncio.to_thread(vcenter.answer_at, name, address)
                await asyncio.to_thread(vcenter.switch_on, name)
            return machine

        yield start
