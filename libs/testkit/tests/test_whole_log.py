"""The checker of the event log sees what it is there to see."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from hcmp_contracts.catalogue import subject_of
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_contracts.project import PlannedStep, ProjectRequested, RoleCount, StepSucceeded
from hcmp_contracts.vm import VmAssigned, VmRecycled, VmReleased, VmReserved
from hcmp_eventstore.recorded import Recorded
from hcmp_testkit.whole_log import violations

RESERVED, TO_ANOTHER = (VmReserved(project_id=project, owner_id="kim", role="web") for project in ("a", "b"))
ASSIGNED = VmAssigned(project_id="a")
RELEASED = VmReleased(project_id="a", reason="deleted")
NEW = VmRecycled(
    address="a", ssh_host="h", ssh_port=22, exporter_host="h", exporter_port=9100, provider_ref="r", host_key="k"
)
REQUESTED = ProjectRequested(
    name="shop",
    owner_id="kim",
    owner_username="kim",
    template="single",
    packages=[],
    roles=[RoleCount(name="web", count=1)],
    steps=[PlannedStep(number=1, name="Prepare", play="a.yml")],
)
SUCCEEDED = StepSucceeded(number=1, name="Prepare", attempt=1, hosts=[])


def log(events: Sequence[DomainEvent]) -> list[Recorded[DomainEvent]]:
    """All of one aggregate id each: machine or project `x`."""
    return [
        Recorded(
            sequence=number,
            event=event,
            envelope=CloudEvent(
                id=str(number),
                source="test",
                type=event.event_type,
                subject=subject_of(type(event), "x"),
                time=datetime(2026, 11, 25, tzinfo=UTC),
                actor="account/kim",
                correlationid="c",
                data=event.model_dump(mode="json"),
            ),
        )
        for number, event in enumerate(events, start=1)
    ]


def test_a_machine_that_goes_from_one_project_to_the_next_is_fine() -> None:
    assert violations(log([RESERVED, ASSIGNED, RELEASED, NEW, TO_ANOTHER])) == []


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([RESERVED, TO_ANOTHER], "machine x was given to b while a had it"),
        ([TO_ANOTHER, ASSIGNED], "machine x was assigned to a, which did not have it"),
        ([REQUESTED, REQUESTED], "project x was requested 2 times"),
        ([REQUESTED, SUCCEEDED, SUCCEEDED], "step 1 of project x succeeded 2 times"),
    ],
    ids=["two holders", "a stranger", "two requests", "a step twice"],
)
def test_what_must_not_be_is_said_in_a_sentence(events: list[DomainEvent], sentence: str) -> None:
    assert violations(log(events)) == [sentence]
