"""The hash chain: each entry's hash covers its event and, through the hash before it, all that came earlier.

    hash(n) = SHA-256( hash(n-1) ‖ sequence ‖ length of the subject ‖ subject ‖ data )

`hash(0)` is 32 zero bytes. `sequence` is the event's place in the stream EVENTS, 8 bytes, and the length 4 bytes,
both big-endian; `subject` is UTF-8; `data` are the exact bytes of the message. The columns `id` and `time` only
repeat what these bytes say, so that people can search, and are not hashed. Whoever has written down one hash can
prove every event up to it, whatever has happened to broker and database since.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import ValidationError

from hcmp_contracts.envelope import CloudEvent

GENESIS = bytes(32)
Label = tuple[str | None, datetime | None]


@dataclass(frozen=True)
class Event:
    """One message of the log, as it came."""

    sequence: int
    subject: str
    data: bytes

    @property
    def label(self) -> Label:
        """The id and the time that the envelope tells; of what is no envelope neither is known."""
        try:
            envelope = CloudEvent.model_validate_json(self.data)
        except ValidationError:
            return None, None
        return envelope.id, envelope.time


@dataclass(frozen=True)
class Entry:
    """An event with its hash, which seals it and all before it, and its id and time as the table has them."""

    event: Event
    hash: bytes
    label: Label

    @property
    def sequence(self) -> int:
        return self.event.sequence


class GapError(Exception):
    """The log hands out an event whose turn it is not: one that is missing cannot be read from anywhere."""


def seal(previous: bytes, event: Event) -> bytes:
    """The hash of an event behind the entry whose hash is `previous`."""
    subject = event.subject.encode()
    digest = sha256(previous)
    digest.update(event.sequence.to_bytes(8, "big"))
    digest.update(len(subject).to_bytes(4, "big"))
    digest.update(subject)
    digest.update(event.data)
    return digest.digest()


def chained(last: Entry | None, events: Iterable[Event]) -> Iterator[Entry]:
    """The entries of these events behind `last`. Raises GapError when the numbers do not follow each other."""
    for event in events:
        due = last.sequence + 1 if last else 1
        if event.sequence != due:
            raise GapError(f"the log holds event {event.sequence} where event {due} must stand")
        last = Entry(event, seal(last.hash if last else GENESIS, event), event.label)
        yield last
