"""What each event makes of a machine's row: the pool's read model as a fold, without a database."""

from datetime import datetime
from typing import Any, assert_never

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import (
    Drifting,
    VmAssigned,
    VmCredentialReencrypted,
    VmDrifted,
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
from hcmp_eventstore.recorded import Recorded

# By column. `drift` has, by what is not as recorded, how that is recorded, how it was found, and when.
Row = dict[str, Any]

FREE: Row = {
    "project_id": None,
    "owner_id": None,
    "role": None,
    "reason": None,
    "causes": [],
    "unreachable": False,
}


def row_after(row: Row | None, recorded: Recorded[DomainEvent]) -> Row | None:
    """The row once this has happened, which is `row` when it was seen already or shows nothing; None while there
    is no such machine. It never changed before its last change, whatever the clocks say.
    """
    event, at = recorded.event, recorded.envelope.time
    if row is not None:
        if row["version"] >= recorded.sequence:
            return row
        at = max(at, row["changed_at"])
    place: Row = {"version": recorded.sequence, "changed_at": at}
    if isinstance(event, VmRegistered):
        return _registration(event) | place | {"vm_id": recorded.aggregate_id, "registered_at": at}
    if row is None or not (changes := _changes(row, event, at)):
        return row
    return row | changes | place


def _registration(event: VmRegistered) -> Row:
    return event.model_dump(exclude={"baseline"}) | FREE | {"status": "available", "drift": {}}


def _changes(row: Row, event: DomainEvent, at: datetime) -> Row:  # noqa: C901, PLR0911, PLR0912 - one line an event
    """The columns that an event changes; none for what shows nothing."""
    match event:
        case VmReserved():
            return {"status": "provisioning", **event.model_dump()}
        case VmAssigned():
            return {"status": "assigned"}
        case VmReleased() | VmRecycleStarted():
            return FREE | {"status": "recycling"}
        case VmRecycled():
            return FREE | {"status": "available", "drift": {}, **event.model_dump(exclude={"baseline"})}
        case VmQuarantined():
            return FREE | {"status": "quarantined", **event.model_dump()}
        case VmMaintenanceStarted():
            return {"status": "maintenance", "reason": event.reason}
        case VmMaintenanceEnded():
            return {"status": "available", "reason": None}
        case VmRetired():
            return FREE | {"status": "retired", **event.model_dump(include={"reason", "causes"})}
        case VmLabelsChanged():
            return {"labels": event.after}
        case VmCredentialReencrypted():
            return {"credential": event.credential}
        case VmHostKeyChanged():
            return _drifted(row, "host-key", event.presented, at)
        case VmDrifted():
            return _drifted(row, event.what, event.after, at)
        case _:
            return {}


def _drifted(row: Row, what: Drifting, after: str, at: datetime) -> Row:
    """What is as it is recorded again is no drift any more."""
    others = {known: seen for known, seen in row["drift"].items() if known != what}
    recorded = _recorded(row, what)
    if after == recorded:
        return {"drift": others}
    return {"drift": others | {what: {"before": recorded, "after": after, "at": at.isoformat()}}}


def _recorded(row: Row, what: Drifting) -> str:
    match what:
        case "address":
            return str(row["address"])
        case "ssh-endpoint":
            return f"{row['ssh_host']}:{row['ssh_port']}"
        case "host-key":
            return str(row["host_key"])
        case "power":
            return "on"
        case "presence":
            return "present"
        case unexpected:
            assert_never(unexpected)
