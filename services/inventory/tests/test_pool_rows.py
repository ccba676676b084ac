"""What events make of a machine's row, whatever the clocks of those who wrote them say."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_contracts.vm import VmMaintenanceStarted, VmReleased
from hcmp_eventstore.recorded import Recorded
from hcmp_inventory.projections.pool_rows import row_after
from hcmp_testkit.machines import registered

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def recorded(sequence: int, event: DomainEvent, time: datetime) -> Recorded[DomainEvent]:
    envelope = CloudEvent(
        id=str(sequence),
        source="inventory",
        type=event.event_type,
        subject=f"hcmp.vm.m-1.{event.verb()}",
        time=time,
        actor="service/test",
        correlationid="test",
        data={},
    )
    return Recorded(sequence, event, envelope)


def after(*events: Recorded[DomainEvent]) -> dict[str, Any]:
    row = None
    for event in events:
        row = row_after(row, event)
    assert row is not None
    return row


def test_a_later_event_with_an_earlier_time_counts_from_the_last_change_on() -> None:
    """Else a look back at any moment would find the machine as it was before it."""
    late = recorded(2, VmMaintenanceStarted(reason="disk"), NOON - timedelta(seconds=5))
    row = after(recorded(1, registered("m-1"), NOON), late)
    assert (row["status"], row["changed_at"]) == ("maintenance", NOON)


def test_an_event_that_was_seen_already_changes_nothing() -> None:
    started = recorded(2, VmMaintenanceStarted(reason="disk"), NOON)
    row = after(recorded(1, registered("m-1"), NOON), started)
    assert row_after(row, started) is row


def test_what_happens_to_a_machine_that_nobody_registered_is_no_row() -> None:
    assert row_after(None, recorded(1, VmReleased(project_id="p", reason="deleted"), NOON)) is None
