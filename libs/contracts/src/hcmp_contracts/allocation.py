"""Facts about which machines a project holds. The aggregate's id is the project's id."""

from typing import ClassVar

from pydantic import Field

from hcmp_contracts.envelope import DomainEvent, Fact


class GrantedMachine(Fact):
    """A machine as its project's run needs it: who it is, which role it plays, how to reach it.

    With `ssh_certificates` it lets the platform in by a certificate. `credential` is Fernet ciphertext; without
    either the platform's own key opens the machine.
    """

    vm_id: str
    name: str
    address: str
    role: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    host_key: str
    credential: str | None = None
    ssh_certificates: bool = False


class AllocationGranted(DomainEvent):
    """The machines are the project's. This event is the job that a provisioner worker takes.

    On machines that are not `fresh`, an earlier attempt's finished steps are done.
    """

    event_type: ClassVar[str] = "hcmp.allocation.granted.v1"
    owner_id: str
    attempt: int
    machines: list[GrantedMachine]
    fresh: bool = True


class AllocationQueued(DomainEvent):
    """There are not enough machines, and the project waits until there are: one a role, which must carry the
    labels that `labels` names for its role.
    """

    event_type: ClassVar[str] = "hcmp.allocation.queued.v1"
    attempt: int
    needed: int
    available: int
    owner_id: str
    roles: list[str]
    labels: dict[str, dict[str, str]] = Field(default_factory=dict)


class AllocationDenied(DomainEvent):
    event_type: ClassVar[str] = "hcmp.allocation.denied.v1"
    attempt: int
    needed: int
    available: int


class AllocationReleased(DomainEvent):
    """The project's attempt is over; one that ended before it was granted is closed by this too."""

    event_type: ClassVar[str] = "hcmp.allocation.released.v1"
    reason: str
    attempt: int = 1


AllocationEvent = AllocationGranted | AllocationQueued | AllocationDenied | AllocationReleased
