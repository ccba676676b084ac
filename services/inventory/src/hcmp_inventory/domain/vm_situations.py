"""The situations that a machine can be in, and which event leads to which."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from hcmp_contracts.vm import (
    VmAssigned,
    VmCredentialReencrypted,
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

VmStatus = Literal["available", "provisioning", "assigned", "recycling", "quarantined", "maintenance", "retired"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing was ever registered under this name."""


@dataclass(frozen=True, slots=True)
class Retired:
    """It left the pool; its name may be registered again. `request_id` is what had registered it."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Available:
    machine: VmRegistered


@dataclass(frozen=True, slots=True)
class Reserved:
    """A project's run configures it; `holder` is the project."""

    machine: VmRegistered
    holder: str


@dataclass(frozen=True, slots=True)
class Assigned:
    machine: VmRegistered
    holder: str


@dataclass(frozen=True, slots=True)
class Released:
    """Used, and not yet being cleaned."""

    machine: VmRegistered


@dataclass(frozen=True, slots=True)
class Recycling:
    machine: VmRegistered


@dataclass(frozen=True, slots=True)
class Quarantined:
    machine: VmRegistered
    reason: str


@dataclass(frozen=True, slots=True)
class UnderMaintenance:
    machine: VmRegistered
    reason: str


Live = Available | Reserved | Assigned | Released | Recycling | Quarantined | UnderMaintenance
Vm = Unknown | Retired | Live


def status_of(vm: Vm) -> VmStatus:  # noqa: PLR0911 - one line a situation
    """The word that people read for a situation."""
    match vm:
        case Available():
            return "available"
        case Reserved():
            return "provisioning"
        case Assigned():
            return "assigned"
        case Released() | Recycling():
            return "recycling"
        case Quarantined():
            return "quarantined"
        case UnderMaintenance():
            return "maintenance"
        case Unknown() | Retired():
            return "retired"
        case _:
            assert_never(vm)


def evolve(vm: Vm, event: VmEvent) -> Vm:
    match (vm, event):
        case (_, VmRegistered()):
            return Available(event)
        case (Unknown() | Retired(), _):
            raise ValueError(f"a machine that is not there cannot have {event.verb()}")
        case _:
            return _evolve_live(vm, event)


def _evolve_live(vm: Live, event: VmEvent) -> Vm:  # noqa: C901, PLR0911, PLR0912 - one line an event
    machine = vm.machine
    match event:
        case VmRegistered():
            return Available(event)
        case VmReserved():
            return Reserved(machine, event.project_id)
        case VmAssigned():
            return Assigned(machine, event.project_id)
        case VmReleased():
            return Released(machine)
        case VmRecycleStarted():
            return Recycling(machine)
        case VmRecycled():
            return Available(machine.model_copy(update=event.model_dump()))
        case VmQuarantined():
            return Quarantined(machine, event.reason)
        case VmMaintenanceStarted():
            return UnderMaintenance(machine, event.reason)
        case VmMaintenanceEnded():
            return Available(machine)
        case VmRetired():
            return Retired(machine.request_id)
        case VmLabelsChanged():
            return replace(vm, machine=machine.model_copy(update={"labels": event.after}))
        case VmCredentialReencrypted():
            return replace(vm, machine=machine.model_copy(update={"credential": event.credential}))
        case VmHostKeyChanged():
            return vm  # the pin stays: what was presented is not trusted
        case _:
            assert_never(event)
