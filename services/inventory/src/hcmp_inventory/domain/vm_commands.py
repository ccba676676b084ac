"""What can be asked of a machine of the pool."""

from dataclasses import dataclass

from hcmp_contracts.vm import VmRecycled, VmRegistered


@dataclass(frozen=True, slots=True)
class Register:
    """`facts` is the event itself: what is known of the machine once it has been reached."""

    facts: VmRegistered


@dataclass(frozen=True, slots=True)
class ChangeLabels:
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReplaceCiphertext:
    """Keep the same credential under another key: `former` and `credential` are ciphertext of the same secret."""

    former: str
    credential: str


@dataclass(frozen=True, slots=True)
class Reserve:
    """Take the machine for a project as the one who picked it knew it: under this host key."""

    project_id: str
    owner_id: str
    role: str
    host_key: str


@dataclass(frozen=True, slots=True)
class Assign:
    project_id: str


@dataclass(frozen=True, slots=True)
class Release:
    """`unreachable` says why the machine is not for the next project either, when the run could not reach it."""

    project_id: str
    reason: str
    unreachable: str | None = None


@dataclass(frozen=True, slots=True)
class StartRecycle:
    """Begin to clean the machine because a project gave it back."""


@dataclass(frozen=True, slots=True)
class RecycleOnDemand:
    """Begin to clean the machine because an operator wants it so."""


@dataclass(frozen=True, slots=True)
class FinishRecycle:
    result: VmRecycled


@dataclass(frozen=True, slots=True)
class Quarantine:
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseQuarantine:
    """An operator vouches that the machine is clean; `ssh_certificates` is whether it was seen to take one."""

    ssh_certificates: bool = False


@dataclass(frozen=True, slots=True)
class StartMaintenance:
    reason: str


@dataclass(frozen=True, slots=True)
class EndMaintenance:
    pass


@dataclass(frozen=True, slots=True)
class ReportHostKey:
    """A connection met this host key instead of the pinned one."""

    presented: str


@dataclass(frozen=True, slots=True)
class Retire:
    """`even_if_busy` is the factory reset's right only."""

    reason: str
    even_if_busy: bool = False
    forget: bool = False


VmCommand = (
    Register
    | ChangeLabels
    | ReplaceCiphertext
    | Reserve
    | Assign
    | Release
    | StartRecycle
    | RecycleOnDemand
    | FinishRecycle
    | Quarantine
    | ReleaseQuarantine
    | StartMaintenance
    | EndMaintenance
    | ReportHostKey
    | Retire
)
