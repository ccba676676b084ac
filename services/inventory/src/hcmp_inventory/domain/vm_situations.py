"""The situations that a machine can be in, and which event leads to which."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from hcmp_contracts.vm import (
    Drifting,
    VmAssigned,
    VmCredentialReencrypted,
    VmDrifted,
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
class Difference:
    """What of a machine is not as it is recorded, and how it was found."""

    what: Drifting
    found: str


Drift = tuple[Difference, ...]


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
    drift: Drift = ()


@dataclass(frozen=True, slots=True)
class Reserved:
    """A project's run configures it; `holder` is the project."""

    machine: VmRegistered
    holder: str
    drift: Drift = ()


@dataclass(frozen=True, slots=True)
class Assigned:
    machine: VmRegistered
    holder: str
    drift: Drift = ()


@dataclass(frozen=True, slots=True)
class Released:
    """Used, and not yet being cleaned."""

    machine: VmRegistered
    drift: Drift = ()


@dataclass(frozen=True, slots=True)
class Recycling:
    machine: VmRegistered
    drift: Drift = ()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """`unreachable`: it was clean and only stopped answering; it comes back by itself."""

    machine: VmRegistered
    reason: str
    unreachable: bool = False
    drift: Drift = ()


@dataclass(frozen=True, slots=True)
class UnderMaintenance:
    machine: VmRegistered
    reason: str
    drift: Drift = ()


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
            after = _evolve_live(vm, event)
            return after if isinstance(after, Unknown | Retired) else replace(after, drift=_drift_after(vm, event))


def recorded(machine: VmRegistered, what: Drifting) -> str:
    """What the platform has on record of that."""
    match what:
        case "address":
            return machine.address
        case "ssh-endpoint":
            return f"{machine.ssh_host}:{machine.ssh_port}"
        case "power":
            return "on"
        case "host-key":
            return machine.host_key
        case "presence":
            return "present"
        case _:
            assert_never(what)


def found(vm: Live, what: Drifting) -> str:
    """How it was found last; as it is recorded, unless it has drifted."""
    return next(
        (known.found for known in vm.drift if known.what == what),
        recorded(vm.machine, what),
    )


def _drift_after(vm: Live, event: VmEvent) -> Drift:
    match event:
        case VmRegistered() | VmRecycled():
            return ()
        case VmHostKeyChanged(presented=presented):
            seen = Difference("host-key", presented)
        case VmDrifted(what=what, after=after):
            seen = Difference(what, after)
        case _:
            return vm.drift
    others = tuple(known for known in vm.drift if known.what != seen.what)
    return others if seen.found == recorded(vm.machine, seen.what) else (*others, seen)


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
            # `baseline` stays as it was where nobody has looked anew.
            return Available(machine.model_copy(update=event.model_dump(exclude_none=True)))
        case VmQuarantined():
            return Quarantined(machine, event.reason, event.unreachable)
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
        case VmHostKeyChanged() | VmDrifted():
            return vm  # the record stays, the pinned key for one: what was found is not trusted
        case _:
            assert_never(event)
