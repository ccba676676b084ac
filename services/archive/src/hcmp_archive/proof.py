"""Proving the log: the archive's chain is computed anew, and each entry compared with the stream, byte by byte."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from nats.aio.client import Client

from hcmp_archive.adapters.entries import Entries
from hcmp_archive.copying import event_of
from hcmp_archive.domain.chain import GENESIS, Entry, Event, seal
from hcmp_eventstore.reader import EVERYTHING, read_batches
from hcmp_eventstore.streams import EVENTS


@dataclass
class Proof:
    """How many events are proved, the newest one's hash, and what is wrong: how often, and the first as a
    sentence. `behind` counts events that the archive has not copied yet.
    """

    events: int = 0
    sequence: int = 0
    hash: str = GENESIS.hex()
    behind: int = 0
    differences: int = 0
    first: str | None = None

    def differs(self, sentence: str) -> None:
        self.differences += 1
        self.first = self.first or sentence


async def prove(client: Client, entries: Entries) -> Proof:
    """Read both from the beginning up to the newest entry, and say what differs."""
    proof = Proof()
    last = await entries.last()
    end = (await client.jetstream().stream_info(EVENTS)).state.last_seq
    newest = last.sequence if last else 0
    proof.behind = max(0, end - newest)
    if end < newest:
        proof.differs(f"the log ends at event {end}, but the archive holds event {newest}")
    previous, due = GENESIS, 1
    async with aclosing(_events(client, min(end, newest))) as stream, aclosing(entries.all()) as archive:
        event = await anext(stream, None)
        async for entry in archive:
            if entry.sequence > newest:
                break
            _check_entry(proof, entry, previous, due)
            if entry.sequence <= end:
                while event is not None and event.sequence < entry.sequence:
                    proof.differs(f"event {event.sequence} is in the log, but not in the archive")
                    event = await anext(stream, None)
                _check_event(proof, entry, event)
                if event is not None and event.sequence == entry.sequence:
                    event = await anext(stream, None)
            previous, due = entry.hash, entry.sequence + 1
            proof.events, proof.sequence, proof.hash = proof.events + 1, entry.sequence, entry.hash.hex()
    return proof


def _check_entry(proof: Proof, entry: Entry, previous: bytes, due: int) -> None:
    if entry.sequence != due:
        proof.differs(f"the archive holds entry {entry.sequence} where entry {due} must stand")
    if seal(previous, entry.event) != entry.hash:
        proof.differs(f"entry {entry.sequence} of the archive was altered: its hash does not follow from it")
    if entry.label != entry.event.label:
        proof.differs(f"id and time of entry {entry.sequence} of the archive are not those of its event")


def _check_event(proof: Proof, entry: Entry, event: Event | None) -> None:
    if event is None or event.sequence != entry.sequence:
        proof.differs(f"event {entry.sequence} is in the archive, but no longer in the log")
    elif event != entry.event:
        proof.differs(f"event {entry.sequence} is another one in the log than in the archive")


async def _events(client: Client, end: int) -> AsyncGenerator[Event, None]:
    """The events of the log up to sequence `end`, one that the stream is known to have."""
    if end == 0:
        return
    async with aclosing(read_batches(client, stream=EVENTS, subjects=[EVERYTHING], after=0)) as batches:
        async for batch in batches:
            for message in batch:
                event = event_of(message)
                if event.sequence <= end:
                    yield event
                if event.sequence >= end:
                    return
