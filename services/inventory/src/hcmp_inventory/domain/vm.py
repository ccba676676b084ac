"""A machine of the pool: who may take it, and how it comes back.

available → reserved → assigned → released → recycling → available; aside: quarantined, maintenance, retired.
"""

from dataclasses import dataclass
from typing import Literal, assert_never

from hcmp_contracts.vm import (
    VmAssigned,
    VmEvent,
    VmHostKeyChanged,
    VmLabelsChanged,
    VmMaintenanceEnded,
    VmMaintenanceStarted,
    VmQuarantined,
    VmRecycled,
    VmRecycleStarted,
    VmRegistered,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_eventstore.decider import Decider
from hcmp_inventory.domain.vm_situations import (
    Assigned,
    Available,
    Quarantined,
    Recycling,
    Released,
    Reserved,
    Retired,
    UnderMaintenance,
    Unknown,
    Vm,
    evolve,
    status_of,
)


@dataclass(frozen=True, slots=True)
class Register:
    """`facts` is the event itself: what is known of the machine once it has been reached."""

    facts: VmRegistered


@dataclass(frozen=True, slots=True)
class ChangeLabels:
    labels: dict[str, str]


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
    project_id: str
    reason: str


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
    """An operator vouches that the machine is clean."""


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


VmCommand = (
    Register
    | ChangeLabels
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

Attempted = Literal[
    "recycle", "maintenance", "return", "release-quarantine", "quarantine", "finish-recycle", "retire"
]


class VmUnknownError(Exception):
    """There is no such machine, or not any more."""


class VmNameTakenError(Exception):
    """Another machine of the pool has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a machine named {name} is registered already")
        self.name = name


class VmNotAvailableError(Exception):
    """The machine is not as the one who picked it thought: somebody else has it, or it was made anew."""

    def __init__(self, name: str, status: str) -> None:
        super().__init__(f"{name} is {status}")
        self.name = name
        self.status = status


class VmNotHeldError(Exception):
    """The project does not hold this machine."""

    def __init__(self, name: str, project_id: str) -> None:
        super().__init__(f"{name} is not held by project {project_id}")
        self.name = name
        self.project_id = project_id


class VmInUseError(Exception):
    """A project holds the machine; it must give it back first."""

    def __init__(self, name: str, project_id: str) -> None:
        super().__init__(f"{name} is held by project {project_id}")
        self.name = name
        self.project_id = project_id


class VmWrongStatusError(Exception):
    """What was asked is not possible for a machine in this status."""

    def __init__(self, name: str, status: str, attempted: Attempted) -> None:
        super().__init__(f"{name} is {status}: {attempted} is not possible")
        self.name = name
        self.status = status
        self.attempted = attempted


def decide(command: VmCommand, vm: Vm) -> list[VmEvent]:  # noqa: C901, PLR0911, PLR0912 - one line a command
    match command:
        case Register():
            return _register(command, vm)
        case ChangeLabels():
            return _change_labels(command, vm)
        case Reserve():
            return _reserve(command, vm)
        case Assign():
            return _assign(command, vm)
        case Release():
            return _release(command, vm)
        case StartRecycle():
            return [VmRecycleStarted()] if isinstance(vm, Released) else []
        case RecycleOnDemand():
            return _recycle_on_demand(vm)
        case FinishRecycle():
            return _finish_recycle(command, vm)
        case Quarantine():
            return _quarantine(command, vm)
        case ReleaseQuarantine():
            return _release_quarantine(vm)
        case StartMaintenance():
            return _start_maintenance(command, vm)
        case EndMaintenance():
            return _end_maintenance(vm)
        case ReportHostKey():
            return _report_host_key(command, vm)
        case Retire():
            return _retire(command, vm)
        case _:
            assert_never(command)


def _register(command: Register, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired():
            return [command.facts]
        case _ if command.facts.request_id and vm.machine.request_id == command.facts.request_id:
            return []  # the same request again
        case _:
            raise VmNameTakenError(vm.machine.name)


def _change_labels(command: ChangeLabels, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired():
            raise VmUnknownError
        case _ if vm.machine.labels == command.labels:
            return []
        case _:
            return [VmLabelsChanged(before=vm.machine.labels, after=command.labels)]


def _reserve(command: Reserve, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired():
            raise VmNotAvailableError("the machine", "retired")
        case Available() if vm.machine.host_key == command.host_key:
            return [VmReserved(project_id=command.project_id, owner_id=command.owner_id, role=command.role)]
        case Reserved(holder=holder) if holder == command.project_id:
            return []
        case _:
            raise VmNotAvailableError(vm.machine.name, status_of(vm))


def _assign(command: Assign, vm: Vm) -> list[VmEvent]:
    match vm:
        case Reserved(holder=holder) if holder == command.project_id:
            return [VmAssigned(project_id=command.project_id)]
        case Assigned(holder=holder) if holder == command.project_id:
            return []
        case Unknown() | Retired():
            raise VmNotHeldError("the machine", command.project_id)
        case _:
            raise VmNotHeldError(vm.machine.name, command.project_id)


def _release(command: Release, vm: Vm) -> list[VmEvent]:
    """Giving back what the project does not hold (any more) changes nothing."""
    match vm:
        case Reserved(holder=holder) | Assigned(holder=holder) if holder == command.project_id:
            return [VmReleased(project_id=command.project_id, reason=command.reason)]
        case _:
            return []


def _recycle_on_demand(vm: Vm) -> list[VmEvent]:
    match vm:
        case Available() | Quarantined() | Released():
            return [VmRecycleStarted()]
        case Recycling():
            return []
        case _:
            raise _refusal(vm, "recycle")


def _finish_recycle(command: FinishRecycle, vm: Vm) -> list[VmEvent]:
    match vm:
        case Recycling():
            return [command.result]
        case Available(machine=machine) if machine.host_key == command.result.host_key:
            return []
        case Available():
            return [command.result]  # two processes recycled it; the last one made what is there now
        case _:
            raise _refusal(vm, "finish-recycle")


def _quarantine(command: Quarantine, vm: Vm) -> list[VmEvent]:
    match vm:
        case Available() | Released() | Recycling() | UnderMaintenance():
            return [VmQuarantined(reason=command.reason)]
        case Quarantined():
            return []
        case _:
            raise _refusal(vm, "quarantine")


def _release_quarantine(vm: Vm) -> list[VmEvent]:
    match vm:
        case Quarantined(machine=machine):
            return [VmRecycled(**{name: getattr(machine, name) for name in VmRecycled.model_fields})]
        case Available():
            return []
        case _:
            raise _refusal(vm, "release-quarantine")


def _start_maintenance(command: StartMaintenance, vm: Vm) -> list[VmEvent]:
    match vm:
        case Available():
            return [VmMaintenanceStarted(reason=command.reason)]
        case UnderMaintenance():
            return []
        case _:
            raise _refusal(vm, "maintenance")


def _end_maintenance(vm: Vm) -> list[VmEvent]:
    match vm:
        case UnderMaintenance():
            return [VmMaintenanceEnded()]
        case Available():
            return []
        case _:
            raise _refusal(vm, "return")


def _report_host_key(command: ReportHostKey, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired():
            raise VmUnknownError
        case _ if vm.machine.host_key == command.presented:
            return []
        case Available() | UnderMaintenance():
            changed = VmHostKeyChanged(pinned=vm.machine.host_key, presented=command.presented)
            return [changed, VmQuarantined(reason="its SSH host key is not the pinned one")]
        case _:
            return [VmHostKeyChanged(pinned=vm.machine.host_key, presented=command.presented)]


def _retire(command: Retire, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown():
            raise VmUnknownError
        case Retired():
            return []
        case Available() | Quarantined() | UnderMaintenance():
            return [VmRetired(reason=command.reason)]
        case _ if command.even_if_busy:
            return [VmRetired(reason=command.reason)]
        case _:
            raise _refusal(vm, "retire")


def _refusal(vm: Vm, attempted: Attempted) -> Exception:
    """Why a machine in this situation does not do what was asked."""
    match vm:
        case Unknown() | Retired():
            return VmUnknownError()
        case Reserved() | Assigned():
            return VmInUseError(vm.machine.name, vm.holder)
        case _:
            return VmWrongStatusError(vm.machine.name, status_of(vm), attempted)


DECIDER: Decider[VmCommand, Vm, VmEvent] = Decider(aggregate="vm", initial=Unknown(), decide=decide, evolve=evolve)
