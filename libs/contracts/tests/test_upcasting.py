"""Older shapes of an event, read as the present one: tried on a catalogue made for it, three versions deep."""

import copy
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hcmp_contracts.catalogue import EVENTS, UnknownEventError, parse
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_contracts.upcasting import UPCASTERS, Upcaster, upcast


class Moved(DomainEvent):
    """Once a rack's number, then its name, now the name with the room that it stands in."""

    event_type: ClassVar[str] = "hcmp.crate.moved.v3"

    room: str
    rack: str
    by_hand: bool = False


CATALOGUE = {Moved.event_type: Moved}
UPCASTING = {
    "hcmp.crate.moved.v1": Upcaster(
        "hcmp.crate.moved.v2", lambda data: {**data, "rack": f"rack {data['rack_number']}"}
    ),
    "hcmp.crate.moved.v2": Upcaster("hcmp.crate.moved.v3", lambda data: {"room": "unknown", **data}),
}


def stored(event_type: str, data: dict[str, Any]) -> CloudEvent:
    return CloudEvent.model_validate(
        {
            "id": "1",
            "source": "test",
            "type": event_type,
            "subject": "hcmp.crate.c1.moved",
            "time": "2026-11-23T10:00:00Z",
            "actor": "account/1",
            "correlationid": "1",
            "data": data,
        }
    )


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("hcmp.crate.moved.v1", {"rack_number": 7}),
        ("hcmp.crate.moved.v2", {"rack": "rack 7"}),
        ("hcmp.crate.moved.v3", {"rack": "rack 7", "room": "unknown"}),
    ],
)
def test_each_version_that_was_ever_stored_says_the_same_now(event_type: str, data: dict[str, Any]) -> None:
    assert parse(stored(event_type, data), CATALOGUE, UPCASTING) == Moved(room="unknown", rack="rack 7")


@given(number=st.integers(), by_hand=st.booleans(), more=st.dictionaries(st.text(), st.integers()))
def test_upcasting_keeps_what_it_does_not_speak_of_and_leaves_what_is_stored_alone(
    number: int, by_hand: bool, more: dict[str, int]
) -> None:
    data = {**more, "rack_number": number, "by_hand": by_hand}
    before = copy.deepcopy(data)
    event_type, now = upcast("hcmp.crate.moved.v1", data, UPCASTING)
    assert data == before
    assert event_type == Moved.event_type
    assert now["by_hand"] == by_hand
    assert parse(stored("hcmp.crate.moved.v1", {"rack_number": number}), CATALOGUE, UPCASTING) == Moved(
        room="unknown", rack=f"rack {number}"
    )


def test_what_nobody_has_written_an_upcaster_for_stays_unknown() -> None:
    with pytest.raises(UnknownEventError, match=r"hcmp\.crate\.moved\.v4"):
        parse(stored("hcmp.crate.moved.v4", {}), CATALOGUE, UPCASTING)


def test_old_data_that_do_not_fit_are_refused_like_new_ones() -> None:
    with pytest.raises(ValidationError):
        parse(stored("hcmp.crate.moved.v2", {"room": "1"}), CATALOGUE, UPCASTING)


def test_every_upcaster_of_the_product_leads_from_a_former_name_to_a_present_one() -> None:
    for former, upcaster in UPCASTERS.items():
        assert former not in EVENTS
        assert upcaster.to in {*EVENTS, *UPCASTERS}
        assert former.rpartition(".v")[0] == upcaster.to.rpartition(".v")[0], "the subject stays what it is"
        assert int(former.rpartition(".v")[2]) < int(upcaster.to.rpartition(".v")[2]), "and no circle can arise"
