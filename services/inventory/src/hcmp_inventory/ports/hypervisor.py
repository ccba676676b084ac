"""A vCenter, or a single ESXi host, as the inventory needs it: how it is reached, what it has, what goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hcmp_contracts.cause import Cause
from hcmp_inventory.ports.provider import Machine, Power, ProviderError

UNNAMED = Cause.of("vcenter-unnamed")

# In this order a test of the connection finds them.
VcenterSlug = Literal[
    "vcenter-not-configured",
    "vcenter-setting-invalid",
    "vcenter-password-needed",
    "vcenter-name-not-found",
    "vcenter-address-refused",
    "vcenter-refused",
    "vcenter-unreachable",
    "vcenter-timeout",
    "vcenter-certificate",
    "vcenter-login",
    "vcenter-permission",
    "vcenter-datacenter-missing",
    "vcenter-not-found",
    "vcenter-unsupported",
    "vcenter-fault",
]
Kind = Literal["folders", "tags", "templates", "datastores", "networks", "machines"]


class VcenterError(ProviderError):
    """What was asked of vCenter did not succeed; the message is a sentence for whoever set it up."""

    def __init__(self, slug: VcenterSlug, sentence: str, *causes: Cause) -> None:
        super().__init__(sentence, *causes)
        self.slug = slug


@dataclass(frozen=True, slots=True)
class CloneDefaults:
    """Where clones come from and go to, by name; what is empty is found if there is but one."""

    template: str = ""
    folder: str = ""
    datastore: str = ""
    network: str = ""
    resource_pool: str = ""
    host: str = ""
    ssh_user: str = ""
    # The name of a customization specification of vCenter; empty: cloud-init, through guestinfo.
    customization: str = ""
    # "10.0.0.50-10.0.0.99/24"; empty: DHCP.
    address_range: str = ""
    gateway: str = ""
    nameservers: str = ""


@dataclass(frozen=True, slots=True)
class VcenterAccess:
    """How the server is reached: its certificate is signed by `ca_pem`, or else by an authority that this computer
    trusts; or it is the one with the SHA-256 `fingerprint`.
    """

    host: str
    username: str
    password: str = field(repr=False)
    port: int = 443
    datacenter: str = ""
    ca_pem: str = ""
    fingerprint: str = ""
    defaults: CloneDefaults = CloneDefaults()


@dataclass(frozen=True, slots=True)
class Server:
    """What is at the other end: "VMware vCenter Server", "8.0.3"."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Item:
    """Something that the server has. `reference` is its managed object's id (a tag's is its URN); a machine's
    other fields say where it is and whether a platform has taken it already.
    """

    reference: str
    name: str
    folder: str = ""
    address: str = ""
    power: Power = "unknown"
    placement: str = ""
    guest: str = ""
    # An address that the platform gave it.
    fixed: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Machines of a folder and those below it, with a tag, with a name like `web-*`; all that are given hold."""

    folder: str = ""
    tag: str = ""
    name_pattern: str = ""
    references: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How an adopted machine is reached, which is kept with it."""

    name: str
    ssh_user: str
    ssh_port: int
    exporter_port: int


class Maker(Protocol):
    async def create(self, name: str) -> Machine:
        """A new machine of this name that answers on SSH. Raises ProviderError."""


class Vcenter(Protocol):
    """The one that the settings name, asked anew at every call."""

    async def test(self, access: VcenterAccess) -> Server:
        """Connect, sign in, and find the datacenter. Raises VcenterError."""

    async def browse(self, kind: Kind, chosen: Filter) -> Sequence[Item]:
        """All of this kind by name, whole or not at all. Raises VcenterError."""

    async def locate(self, reference: str, endpoint: Endpoint) -> Machine:
        """Where this machine is reached, without a host key. Raises VcenterError, MachineNotReady."""

    async def adopt(self, machine: Machine, endpoint: Endpoint) -> None:
        """Keep its clean state as the snapshot that a recycle goes back to. Raises VcenterError."""

    def cloning(self, wanted: CloneDefaults) -> Maker:
        """Makes clones as wanted here; what is empty follows the settings."""
