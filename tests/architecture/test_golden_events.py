"""Every stored shape that was ever used is a file here, and still parses. Files are only added."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hcmp_contracts.catalogue import EVENTS, parse, subject_of
from hcmp_contracts.envelope import CloudEvent
from hcmp_contracts.upcasting import UPCASTERS

# What an older version says since its upcaster was written, under the same file name.
UPCAST = Path(__file__).parents[1] / "golden" / "upcast"
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "events").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_stored_event_still_says_what_it_said(path: Path) -> None:
    envelope = CloudEvent.model_validate_json(path.read_text())
    event = parse(envelope)
    said = json.loads((UPCAST / path.name).read_text()) if envelope.type in UPCASTERS else envelope.data
    assert still_says(json.loads(event.model_dump_json()), said)


def still_says(now: Any, then: Any) -> bool:
    """Whether everything that was said is still there; a newer version may say more, inside too."""
    match then:
        case dict():
            return all(name in now and still_says(now[name], value) for name, value in then.items())
        case list():
            return len(now) == len(then) and all(map(still_says, now, then))
        case _:
            return bool(now == then)


def test_every_event_of_the_catalogue_and_every_former_one_has_a_stored_example() -> None:
    assert {path.stem for path in GOLDEN} >= {*EVENTS, *UPCASTERS}
    for path in GOLDEN:  # a shape that gained fields is a file of its own, with its day behind the name
        assert f"{path.stem}.".startswith(f"{json.loads(path.read_text())['type']}.")


def test_the_names_of_events_are_not_derived_from_code() -> None:
    """Renaming a class must not rename what is stored: the names are spelled out, versioned, and unique."""
    assert len({event.event_type for event in EVENTS.values()}) == len(EVENTS)
    for event in EVENTS.values():
        assert "event_type" in vars(event)
        assert event.event_type.startswith(f"hcmp.{event.aggregate()}.{event.verb()}.v")


def test_an_events_subject_names_aggregate_id_and_event() -> None:
    assert subject_of(EVENTS["hcmp.vm.reserved.v1"], "42") == "hcmp.vm.42.reserved"


def parts(model: BaseModel, data: Any) -> Iterator[tuple[BaseModel, Any]]:
    """An event and every object of ours inside it, each beside what is stored of it; maps of people's own keys
    are none.
    """
    yield model, data
    for name, value in model:
        if name not in data:
            continue
        stored = data[name]
        for inner, beside in zip(value, stored, strict=True) if isinstance(value, list) else [(value, stored)]:
            if isinstance(inner, BaseModel):
                yield from parts(inner, beside)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_fields_of_a_newer_version_do_not_disturb_an_older_reader(path: Path) -> None:
    """While an upgrade rolls, and after it was rolled back, the log holds what the newer version wrote."""
    stored = json.loads(path.read_text())
    known = parse(CloudEvent.model_validate(stored))
    for _, data in list(parts(known, stored["data"])):
        data["a_field_of_the_future"] = {"of": "any kind"}
    stored["anextensionofthefuture"] = 1
    assert parse(CloudEvent.model_validate(stored)) == known


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_fields_that_an_older_version_did_not_write_have_their_defaults(path: Path) -> None:
    """Whatever came later than the event's first version has a default, and its absence means just that."""
    stored = json.loads(path.read_text())
    known = parse(CloudEvent.model_validate(stored))
    for model, data in list(parts(known, stored["data"])):
        for name, field in type(model).model_fields.items():
            if not field.is_required():
                data.pop(name, None)
    older = parse(CloudEvent.model_validate(stored))
    for model, data in parts(older, json.loads(older.model_dump_json())):
        for name, field in type(model).model_fields.items():
            if not field.is_required():
                assert data[name] == json.loads(json.dumps(field.get_default(call_default_factory=True)))
