"""The catalogue of all events as a page for people: `python -m hcmp_contracts.event_pages` prints it."""

import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import get_args

from pydantic import BaseModel

from hcmp_contracts.asyncapi import summary
from hcmp_contracts.catalogue import AGGREGATES, EVENTS, subject_of
from hcmp_contracts.envelope import CloudEvent, DomainEvent, Fact

INTRODUCTION = """\
# Events

Generated from `libs/contracts`; the same for programs is `asyncapi.json`, which has an example of each. How to
read the log: [consume events](../how-to/consume-events.md). All stand in the stream `EVENTS`, in the order in
which they happened.
"""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([INTRODUCTION, *_envelope(), *(line for name in AGGREGATES for line in _aggregate(name))])


def _envelope() -> Iterator[str]:
    yield f"## The envelope\n\n{summary(CloudEvent)}\n"
    yield from _fields(CloudEvent)


def _aggregate(name: str) -> Iterator[str]:
    events = [event for event in EVENTS.values() if event.aggregate() == name]
    yield f"## {name}\n"
    for event in events:
        yield from _event(event)
    for value in sorted(_values(events), key=lambda value: value.__name__):
        yield f"### {value.__name__}\n\n{summary(value)}\n"
        yield from _fields(value)


def _event(event: type[DomainEvent]) -> Iterator[str]:
    yield f"### {event.event_type}\n\nSubject `{subject_of(event, '<id>')}`.\n"
    if text := summary(event):
        yield f"{text}\n"
    yield from _fields(event)


def _fields(model: type[BaseModel]) -> Iterator[str]:
    if not model.model_fields:
        return
    yield "| field | type |\n| --- | --- |"
    for name, field in model.model_fields.items():
        needed = "" if field.is_required() else ", may be absent"
        yield f"| `{name}` | {_type(field.annotation)}{needed} |"
    yield ""


def _type(annotation: object) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    text = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    text = re.sub(r"\b(typing|datetime|hcmp_contracts\.\w+)\.", "", text)
    alternatives = re.sub(r" \| (?![^\[]*\])", "` or `", text).replace(" | ", " or ")
    return f"`{alternatives}`".replace("`NoneType`", "`None`")


def _values(events: list[type[DomainEvent]]) -> set[type[Fact]]:
    """The values that stand inside these events."""
    found: set[type[Fact]] = set()
    for event in events:
        for field in event.model_fields.values():
            for inner in (field.annotation, *get_args(field.annotation)):
                if isinstance(inner, type) and issubclass(inner, Fact):
                    found.add(inner)
    return found


def main() -> None:
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
