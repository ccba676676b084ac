"""A machine's status after each event."""

import pytest

from hcmp_contracts.vm import (
    VmAssigned,
    VmEvent,
    VmHostKeyChanged,
    VmLabelsChanged,
    VmMaintenanceEnded,
    VmMaintenanceStarted,
    VmQuarantined,
    VmRecycleStarted,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_monitor.domain.machine import MachineStatus, status_after


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (VmReserved(project_id="p", owner_id="o", role="web"), MachineStatus.PROVISIONING),
        (VmAssigned(project_id="p"), MachineStatus.ASSIGNED),
        (VmReleased(project_id="p", reason="deleted"), MachineStatus.RECYCLING),
        (VmRecycleStarted(), MachineStatus.RECYCLING),
        (VmQuarantined(reason="unreachable"), MachineStatus.QUARANTINED),
        (VmMaintenanceStarted(reason="disk"), MachineStatus.MAINTENANCE),
        (VmMaintenanceEnded(), MachineStatus.AVAILABLE),
        (VmRetired(reason="old"), MachineStatus.RETIRED),
        (VmLabelsChanged(before={}, after={}), None),
        (VmHostKeyChanged(pinned="a", presented="b"), None),
    ],
)
def test_each_event_brings_its_status(event: VmEvent, status: MachineStatus | None) -> None:
    assert status_after(event) is status
