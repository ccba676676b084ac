"""What can be asked of a machine of the pool."""

from dataclasses import dataclass

from hcmp_contracts.vm import Drifting, VmRecycled, VmRegistered
from hcmp_inventory.domain.causes import Reason


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
    """`unclean` says what of its past is still on the machine, so that nobody gets it."""

    result: VmRecycled
    unclean: Reason | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    reason: Reason


@dataclass(frozen=True, slots=True)
class ReleaseQuarantine:
    """An operator vouches that the machine is clean: what is on it now, if it was looked at, is its `baseline`.
    `ssh_certificates` is whether it was seen to take one.
    """

    baseline: tuple[str, ...] | None = None
    ssh_certificates: bool = False


@dataclass(frozen=True, slots=True)
class StartMaintenance:
    reason: str


@dataclass(frozen=True, slots=True)
class EndMaintenance:
    pass


@dataclass(frozen=True, slots=True)
class SetAside:
    """A ready machine failed its probe, as the one who probed it knew it: under this host key. `unreachable` is
    all that is wrong with it.
    """

    reason: Reason
    host_key: str
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Recover:
    """A machine that had only been out of reach answers again, well, under this host key."""

    host_key: str


@dataclass(frozen=True, slots=True)
class ReportHostKey:
    """The machine shows this host key, be it another than the pinned one or the pinned one again; `pinned` is the
    one that it was compared with, empty when that is the machine's own of this very moment.
    """

    presented: str
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class ReportDrift:
    """Its provider says that this of the machine, which was known under this host key, is now so."""

    what: Drifting
    seen: str
    host_key: str


@dataclass(frozen=True, slots=True)
class ReportGone:
    """Its provider has the machine no more, which was known under this host key."""

    reason: Reason
    host_key: str


@dataclass(frozen=True, slots=True)
class Retire:
    """`even_if_busy` is the factory reset's right only. `unclean` says why a project's things may still be on it;
    such a machine is forgotten.
    """

    reason: Reason
    even_if_busy: bool = False
    forget: bool = False
    unclean: Reason | None = None


# What was seen of a machine, rather than asked for.
Observation = SetAside | Recover | ReportHostKey | ReportDrift | ReportGone

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
    | Observation
    | Retire
)
