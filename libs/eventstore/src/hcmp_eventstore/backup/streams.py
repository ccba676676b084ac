"""All streams of a broker as one consistent backup, and back.

Consistent means: after a restore nothing that the log says is missing elsewhere, and no reaction is lost. Streams
cannot be read at one instant, so the order makes it so:

1. Where each reaction stands is noted first. What it had done by then has left its events, which everything that
   is read later contains; what it did afterwards is done again after a restore, on a log that may lack it.
2. The timers: none was set by an event that the log will not contain; those of later events are set again by 1.
3. The event log, up to a sequence between two batches.
4. Everything else (the logs of runs, recordings, dead letters), so that what the log speaks of is there. It may
   hold a little more: lines of a step whose end is not in the log, which a worker then runs again.
"""

from collections.abc import Callable, Iterator

from nats.aio.client import Client
from pydantic import JsonValue

from hcmp_eventstore.backup.file import BackupFileError, BackupReader, BackupWriter
from hcmp_eventstore.backup.manifest import Json, StreamRecord
from hcmp_eventstore.backup.snapshots import (
    Snapshot,
    consumer_places,
    place_consumer,
    restore_snapshot,
    stream_names,
    stream_state,
    take_snapshot,
)
from hcmp_eventstore.streams import EVENTS, TIMERS

FIRST = (TIMERS, EVENTS)

# Told what is being moved, and how many bytes of it just were.
Told = Callable[[str, int], None]


def untold(_stream: str, _bytes: int) -> None:
    """For who needs no progress."""


async def back_up_streams(client: Client, writer: BackupWriter, told: Told = untold) -> list[StreamRecord]:
    """Write every stream of the broker. Raises SnapshotError and StoreUnavailableError."""
    names = await stream_names(client)
    places = {name: await consumer_places(client, name) for name in names}
    records = []
    for name in sorted(names, key=_turn):
        member = f"streams/{name}"
        with writer.member(member) as write:

            def move(piece: bytes, name: str = name, write: Callable[[bytes], None] = write) -> None:
                write(piece)
                told(name, len(piece))

            taken = await take_snapshot(client, name, move)
        records.append(
            StreamRecord(
                name=name,
                member=member,
                config=taken.config,
                state=taken.state,
                first_sequence=_number(taken.state["first_seq"]),
                last_sequence=_number(taken.state["last_seq"]),
                messages=_number(taken.state["messages"]),
                consumers=places[name],
            )
        )
    return records


async def restore_streams(client: Client, reader: BackupReader, *, replicas: int = 1, told: Told = untold) -> None:
    """Make every stream of a verified backup on a broker that has none of them, then its durable reactions.

    Raises SnapshotError, which a stream that exists already is one reason for, StoreUnavailableError, and
    BackupFileError when what the broker then has is not what the backup says.
    """
    for record in reader.manifest.streams:
        pieces = _counted(reader, record, told)
        taken = Snapshot(config=record.config | {"num_replicas": replicas}, state=record.state)
        await restore_snapshot(client, record.name, taken, pieces)
        _require_equal(record, await stream_state(client, record.name))
    # Only now, so that a reaction that runs already finds every stream.
    for record in reader.manifest.streams:
        for place in record.consumers:
            await place_consumer(client, record.name, place)


def _counted(reader: BackupReader, record: StreamRecord, told: Told) -> Iterator[bytes]:
    for piece in reader.pieces(record.member):
        yield piece
        told(record.name, len(piece))


def _require_equal(record: StreamRecord, state: Json) -> None:
    """The event log has the same messages up to the same sequence. Elsewhere messages may have expired, and timers
    that were due have gone off already; but nothing may be missing at the end.
    """
    last, messages = _number(state["last_seq"]), _number(state["messages"])
    expected = (record.last_sequence, record.messages)
    if last < record.last_sequence or (record.name == EVENTS and (last, messages) != expected):
        raise BackupFileError(
            f"{record.name} came back with {messages} messages up to {last}, "
            f"not {record.messages} up to {record.last_sequence}."
        )


def _turn(name: str) -> tuple[int, str]:
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def _number(value: JsonValue) -> int:
    return int(str(value))
