"""What follows from what was seen of a machine: probes that failed, changes that others made behind its back.

A machine that a project holds is never taken from it for what was seen; only one that is gone for good leaves.
"""

from typing import assert_never

from hcmp_contracts.vm import (
    VmDrifted,
    VmEvent,
    VmHostKeyChanged,
    VmQuarantined,
    VmRecycled,
    VmRegistered,
    VmRetired,
)
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_commands import (
    Observation,
    Recover,
    ReportDrift,
    ReportGone,
    ReportHostKey,
    SetAside,
)
from hcmp_inventory.domain.vm_errors import VmUnknownError
from hcmp_inventory.domain.vm_situations import (
    Assigned,
    Available,
    Live,
    Quarantined,
    Recycling,
    Released,
    Reserved,
    Retired,
    UnderMaintenance,
    Unknown,
    Vm,
    found,
)

OTHER_KEY = Reason.of("its SSH host key is not the pinned one", "host-key-other")


def observed(command: Observation, vm: Vm) -> list[VmEvent]:
    match command:
        case SetAside():
            return _set_aside(command, vm)
        case Recover():
            return _recover(command, vm)
        case ReportHostKey():
            return _report_host_key(command, vm)
        case ReportDrift():
            return _report_drift(command, vm)
        case ReportGone():
            return _report_gone(command, vm)
        case _:
            assert_never(command)


def _set_aside(command: SetAside, vm: Vm) -> list[VmEvent]:
    """Whoever took the machine since it was probed, or made it anew, is not disturbed."""
    match vm:
        case Available(machine=machine) if machine.host_key == command.host_key:
            return [quarantined(command.reason, unreachable=command.unreachable)]
        case Quarantined(unreachable=True) if not command.unreachable:
            return [quarantined(command.reason)]  # it answers, and is not well: no coming back by itself
        case _:
            return []


def _recover(command: Recover, vm: Vm) -> list[VmEvent]:
    match vm:
        case Quarantined(machine=machine, unreachable=True) if machine.host_key == command.host_key:
            return [as_it_was(machine)]
        case _:
            return []


def _report_host_key(command: ReportHostKey, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired():
            raise VmUnknownError
        case Released() | Recycling():
            return []  # its keys are being made anew
        case _ if command.pinned not in ("", vm.machine.host_key):
            return []  # they were made anew since
        case _:
            changed = _host_key_change(command, vm)
    if command.presented == vm.machine.host_key:
        return changed
    match vm:
        case Available() | UnderMaintenance() | Quarantined(unreachable=True):
            return [*changed, quarantined(OTHER_KEY)]
        case _:
            return changed


def _host_key_change(command: ReportHostKey, vm: Live) -> list[VmEvent]:
    known, pinned = found(vm, "host-key"), vm.machine.host_key
    if command.presented == known:
        return []
    if command.presented == pinned:
        return [VmDrifted(what="host-key", before=known, after=pinned)]
    return [VmHostKeyChanged(pinned=pinned, presented=command.presented)]


def _report_drift(command: ReportDrift, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired() | Released() | Recycling():
            return []
        case _ if vm.machine.host_key != command.host_key:
            return []  # made anew since
        case _:
            known = found(vm, command.what)
            return (
                [] if known == command.seen else [VmDrifted(what=command.what, before=known, after=command.seen)]
            )


def _report_gone(command: ReportGone, vm: Vm) -> list[VmEvent]:
    match vm:
        case Unknown() | Retired() | Released() | Recycling():
            return []
        case _ if vm.machine.host_key != command.host_key:
            return []  # made anew since
        case _:
            return [retired(vm, command.reason)]


def quarantined(reason: Reason, *, unreachable: bool = False) -> VmQuarantined:
    return VmQuarantined(reason=reason.text, causes=list(reason.causes), unreachable=unreachable)


def retired(vm: Live, reason: Reason, *, forgotten: bool = False) -> VmRetired:
    """That it leaves the pool, and whom it leaves."""
    holder = vm.holder if isinstance(vm, Reserved | Assigned) else None
    return VmRetired(
        reason=reason.text,
        causes=list(reason.causes),
        forgotten=forgotten,
        name=vm.machine.name,
        project_id=holder,
    )


def as_it_was(
    machine: VmRegistered, baseline: tuple[str, ...] | None = None, *, ssh_certificates: bool | None = None
) -> VmRecycled:
    """That it is available again as it is recorded, but for what was looked at anew."""
    facts = {name: getattr(machine, name) for name in VmRecycled.model_fields}
    facts["baseline"] = None if baseline is None else list(baseline)
    if ssh_certificates is not None:
        facts["ssh_certificates"] = ssh_certificates
    return VmRecycled(**facts)
