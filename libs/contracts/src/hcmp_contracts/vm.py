"""Facts about machines of the pool."""

from typing import ClassVar, Literal

from pydantic import Field

from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent

ProviderName = Literal["docker", "vsphere", "static"]
# What of a machine may change behind the platform's back. `presence`: whether its provider still has it.
Drifting = Literal["address", "ssh-endpoint", "power", "host-key", "presence"]

# What a machine's password or private key is sealed for; the row is the machine's id.
VM_CREDENTIAL = "vm-credential"

# Kinds of SSH host keys in the order of preference: a machine with several keys is pinned by its best.
HOST_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


class VmRegistered(DomainEvent):
    """A machine entered the pool; its SSH host key is pinned from here on.

    `address` is what people and the other machines of a project use; the SSH and exporter endpoints are how the
    platform reaches it. `placement` is the hypervisor's host that it runs on, empty where the provider knows none.
    With `ssh_certificates` it was seen to let the platform in by a certificate; otherwise, and for `sudo`, there
    is `credential`, Fernet ciphertext; without either the platform's own key opens it. `request_id` and
    `request_digest` tell a request that is repeated under its Idempotency-Key what it made. `baseline` is what was
    on the machine when it came, one fact a line, absent when nobody looked: whatever else is found on it later was
    a project's.
    """

    event_type: ClassVar[str] = "hcmp.vm.registered.v1"
    name: str
    address: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    exporter_host: str
    exporter_port: int
    provider: ProviderName
    provider_ref: str
    placement: str = ""
    host_key: str
    credential: str | None = None
    ssh_certificates: bool = False
    labels: dict[str, str] = Field(default_factory=dict)
    request_id: str = ""
    request_digest: str = ""
    baseline: list[str] | None = None


class VmLabelsChanged(DomainEvent):
    event_type: ClassVar[str] = "hcmp.vm.labels-changed.v1"
    before: dict[str, str]
    after: dict[str, str]


class VmCredentialReencrypted(DomainEvent):
    """The same credential under a newer key: `credential` is Fernet ciphertext."""

    event_type: ClassVar[str] = "hcmp.vm.credential-reencrypted.v1"
    credential: str


class VmReserved(DomainEvent):
    event_type: ClassVar[str] = "hcmp.vm.reserved.v1"
    project_id: str
    owner_id: str
    role: str


class VmAssigned(DomainEvent):
    event_type: ClassVar[str] = "hcmp.vm.assigned.v1"
    project_id: str


class VmReleased(DomainEvent):
    """Its project no longer holds it; it is used, and must be recycled before anyone gets it again."""

    event_type: ClassVar[str] = "hcmp.vm.released.v1"
    project_id: str
    reason: str


class VmRecycleStarted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.vm.recycle-started.v1"


class VmRecycled(DomainEvent):
    """The machine is clean again, reachable at these endpoints under this newly pinned host key. What is on it now
    is its `baseline` from here on; absent when that stays as it was.
    """

    event_type: ClassVar[str] = "hcmp.vm.recycled.v1"
    address: str
    ssh_host: str
    ssh_port: int
    exporter_host: str
    exporter_port: int
    provider_ref: str
    placement: str = ""
    host_key: str
    ssh_certificates: bool = False
    baseline: list[str] | None = None


class VmQuarantined(DomainEvent):
    """Set aside until an operator decides. Only a clean machine that was merely `unreachable` comes back by
    itself, once it answers again. `causes` say the `reason`.
    """

    event_type: ClassVar[str] = "hcmp.vm.quarantined.v1"
    reason: str
    unreachable: bool = False
    causes: list[Cause] = Field(default_factory=list)


class VmMaintenanceStarted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.vm.maintenance-started.v1"
    reason: str


class VmMaintenanceEnded(DomainEvent):
    event_type: ClassVar[str] = "hcmp.vm.maintenance-ended.v1"


class VmRetired(DomainEvent):
    """It left the pool, and its provider sees to it; one that is `forgotten` is left as it is. `project_id` is the
    project that held it until then, if one did; `name` the machine's. `unclean` says why a project's things may
    still be on it, though it was to be cleaned. `causes` say the `reason`.
    """

    event_type: ClassVar[str] = "hcmp.vm.retired.v1"
    reason: str
    forgotten: bool = False
    name: str = ""
    project_id: str | None = None
    unclean: str | None = None
    causes: list[Cause] = Field(default_factory=list)


class VmHostKeyChanged(DomainEvent):
    """A connection met another host key than the pinned one, and was refused."""

    event_type: ClassVar[str] = "hcmp.vm.host-key-changed.v1"
    pinned: str
    presented: str


class VmDrifted(DomainEvent):
    """Something of the machine was changed outside: it is now `after`, and was `before`. It is no drift any more
    when `after` is what is recorded. Another host key than the pinned one is `host-key-changed`; only its way
    back is told here.
    """

    event_type: ClassVar[str] = "hcmp.vm.drifted.v1"
    what: Drifting
    before: str
    after: str


VmEvent = (
    VmRegistered
    | VmLabelsChanged
    | VmCredentialReencrypted
    | VmReserved
    | VmAssigned
    | VmReleased
    | VmRecycleStarted
    | VmRecycled
    | VmQuarantined
    | VmMaintenanceStarted
    | VmMaintenanceEnded
    | VmRetired
    | VmHostKeyChanged
    | VmDrifted
)
