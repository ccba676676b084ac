"""A machine as people see it in a list: its status after each event."""

from enum import StrEnum
from typing import assert_never

from hcmp_contracts.vm import (
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


class MachineStatus(StrEnum):
    AVAILABLE = "available"
    PROVISIONING = "provisioning"
    ASSIGNED = "assigned"
    RECYCLING = "recycling"
    QUARANTINED = "quarantined"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"


def status_after(event: VmEvent) -> MachineStatus | None:  # noqa: PLR0911 - one line an event
    """The status that an event brings; None when it leaves the status as it was."""
    match event:
        case VmRegistered() | VmRecycled() | VmMaintenanceEnded():
            return MachineStatus.AVAILABLE
        case VmReserved():
            return MachineStatus.PROVISIONING
        case VmAssigned():
            return MachineStatus.ASSIGNED
        case VmReleased() | VmRecycleStarted():
            return MachineStatus.RECYCLING
        case VmQuarantined():
            return MachineStatus.QUARANTINED
        case VmMaintenanceStarted():
            return MachineStatus.MAINTENANCE
        case VmRetired():
            return MachineStatus.RETIRED
        case VmLabelsChanged() | VmCredentialReencrypted() | VmHostKeyChanged() | VmDrifted():
            return None
        case _:
            assert_never(event)
