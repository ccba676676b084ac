"""A machine of the pool: who may take it, and how it comes back.

available → reserved → assigned → released → recycling → available; aside: quarantined, maintenance, retired.
"""

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import (
    VmAssigned,
    VmCredentialReencrypted,
    VmEvent,
    VmLabelsChanged,
    VmMaintenanceEnded,
    VmMaintenanceStarted,
    VmRecycleStarted,
    VmReleased,
    VmReserved,
)
from hcmp_eventstore.decider import Decider
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_commands import (
    Assign,
    ChangeLabels,
    EndMaintenance,
    FinishRecycle,
    Quarantine,
    RecycleOnDemand,
    Register,
    Release,
    ReleaseQuarantine,
    ReplaceCiphertext,
    Reserve,
    Retire,
    StartMaintenance,
    StartRecycle,
    VmCommand,
)
from hcmp_inventory.domain.vm_errors import (
    Attempted,
    VmInUseError,
    VmNameTakenError,
    VmNotAvailableError,
    VmNotHeldError,
    VmUnknownError,
    VmWrongStatusError,
)
from hcmp_inventory.domain.vm_observations import as_it_was, observed, quarantined, retired
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

UNCLEAN = Cause.of("left-unclean")


def decide(command: VmCommand, vm: Vm) -> list[VmEvent]:  # noqa: C901, PLR0911, PLR0912 - one line a command
    match command:
        case Register():
            return _register(command, vm)
        case ChangeLabels():
            return _change_labels(command, vm)
        case ReplaceCiphertext():
            return _replace_ciphertext(command, vm)
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
            return _release_quarantine(command, vm)
        case StartMaintenance():
            return _start_maintenance(command, vm)
        case EndMaintenance():
            return _end_maintenance(vm)
        case Retire():
            return _retire(command, vm)
        case _:
            return observed(command, vm)


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


def _replace_ciphertext(command: ReplaceCiphertext, vm: Vm) -> list[VmEvent]:
    """A credential that is another one by now was encrypted with the newest key already."""
    match vm:
        case Unknown() | Retired():
            return []
        case _ if vm.machine.credential != command.former:
            return []
        case _:
            return [VmCredentialReencrypted(credential=command.credential)]


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
        case Retired():
            return []  # deleted outside meanwhile, which the project was told
        case Unknown():
            raise VmNotHeldError("the machine", command.project_id)
        case _:
            raise VmNotHeldError(vm.machine.name, command.project_id)


def _release(command: Release, vm: Vm) -> list[VmEvent]:
    """Giving back what the project does not hold (any more) changes nothing."""
    match vm:
        case Reserved(holder=holder) | Assigned(holder=holder) if holder == command.project_id:
            released = VmReleased(project_id=command.project_id, reason=command.reason)
            if command.unreachable is None:
                return [released]
            text = f"unreachable during a run: {command.unreachable}"
            return [released, quarantined(Reason.of(text, "unreachable-in-run", said=command.unreachable))]
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
    # Its new endpoints and host key are kept of an unclean one too: an operator must be able to reach it.
    finished: list[VmEvent] = [command.result]
    if command.unclean is not None:
        finished.append(quarantined(command.unclean))
    match vm:
        case Recycling():
            return finished
        case Available(machine=machine) if machine.host_key == command.result.host_key:
            return []
        case Available():
            return finished  # two processes recycled it; the last one made what is there now
        case _:
            raise _refusal(vm, "finish-recycle")


def _quarantine(command: Quarantine, vm: Vm) -> list[VmEvent]:
    match vm:
        case Available() | Released() | Recycling() | UnderMaintenance():
            return [quarantined(command.reason)]
        case Quarantined():
            return []
        case _:
            raise _refusal(vm, "quarantine")


def _release_quarantine(command: ReleaseQuarantine, vm: Vm) -> list[VmEvent]:
    match vm:
        case Quarantined(machine=machine):
            return [as_it_was(machine, command.baseline, ssh_certificates=command.ssh_certificates)]
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


def _retire(command: Retire, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown():
            raise VmUnknownError
        case Retired():
            return []
        case Reserved() | Assigned() | Released() | Recycling() if not command.even_if_busy:
            raise _refusal(vm, "retire")
        case _ if command.unclean is not None:
            text = f"{command.reason.text}; not cleaned: {command.unclean.text}"
            left = retired(vm, Reason(text, (UNCLEAN, *command.unclean.causes)), forgotten=True)
            return [left.model_copy(update={"unclean": command.unclean.text})]
        case _:
            return [retired(vm, command.reason, forgotten=command.forget)]


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
