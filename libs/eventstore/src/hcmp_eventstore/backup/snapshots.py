"""The broker's own snapshots: a stream as it stands on disk, given out in pieces and taken back in pieces.

Sources: NATS ADR-63 (snapshot and restore, format 2, nats-server 2.15) and ADR-60 (reset of a consumer, 2.14).
nats-py offers none of these calls.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from pydantic import JsonValue

from hcmp_eventstore.backup.manifest import ConsumerPlace, Json
from hcmp_eventstore.errors import EventStoreError, StoreUnavailableError

ANSWER_SECONDS = 10.0
# How long the broker may be silent within a transfer; it gives up by itself after five seconds.
SILENCE_SECONDS = 30.0
# Making a restored stream ready may take long, and the broker says nothing meanwhile.
RESTORED_SECONDS = 600.0
CHUNK_BYTES = 512 * 1024
# A snapshot may end inside an atomic batch, where writes are many: about one in 25 as measured with four writers.
TRIES = 20


class SnapshotError(EventStoreError):
    """The broker refused a snapshot or a restore, or did not carry it to its end; in its own words."""


@dataclass(frozen=True)
class Snapshot:
    """What the broker said of the stream that it gave out: `state` is the range that the pieces hold."""

    config: Json
    state: Json


async def stream_names(client: Client) -> list[str]:
    """Every stream of the broker."""
    names: list[str] = []
    while True:
        answer = await _ask(client, "STREAM.NAMES", {"offset": len(names)})
        page = answer.get("streams")
        names += [str(name) for name in page] if isinstance(page, list) else []
        if not page or len(names) >= int(str(answer["total"])):
            return names


async def take_snapshot(client: Client, stream: str, write: Callable[[bytes], None]) -> Snapshot:
    """Give a stream as it is now to `write`, piece by piece, without its consumers.

    It ends at a sequence that the broker fixes when it begins, and is asked for anew when that lies inside an
    atomic batch. Raises SnapshotError and StoreUnavailableError.
    """
    for _ in range(TRIES):
        async with _pieces(client) as (inbox, arrived):
            request = {"deliver_subject": inbox, "no_consumers": True, "chunk_size": CHUNK_BYTES}
            answer = await _ask(client, f"STREAM.SNAPSHOT.{stream}", request)
            taken = Snapshot(config=_object(answer["config"]), state=_object(answer["state"]))
            last = int(str(taken.state["last_seq"]))
            if last and await _ends_inside_a_batch(client, stream, last):
                continue
            while piece := await _next_piece(arrived):
                write(piece)
            return taken
    raise SnapshotError(f"{stream} was never found between two batches")


async def restore_snapshot(client: Client, stream: str, taken: Snapshot, pieces: Iterable[bytes]) -> None:
    """Make the stream, which must not exist, from what `take_snapshot` gave, with the same sequences and times."""
    answer = await _ask(client, f"STREAM.RESTORE.{stream}", {"config": taken.config, "state": taken.state})
    target = str(answer["deliver_subject"])
    for piece in pieces:
        _raise_refusal(await _request(client, target, piece, SILENCE_SECONDS))
    _raise_refusal(await _request(client, target, b"", RESTORED_SECONDS))


async def consumer_places(client: Client, stream: str) -> list[ConsumerPlace]:
    """The durable reactions on a stream, and up to where each has done everything."""
    found: list[Json] = []
    while True:
        answer = await _ask(client, f"CONSUMER.LIST.{stream}", {"offset": len(found)})
        page = answer.get("consumers")
        found += [_object(one) for one in page] if isinstance(page, list) else []
        if not page or len(found) >= int(str(answer["total"])):
            break
    return [place for one in found if (place := _place(one)) is not None]


async def place_consumer(client: Client, stream: str, place: ConsumerPlace) -> None:
    """Make a durable reaction that goes on behind what it had done."""
    create = {"stream_name": stream, "config": place.config}
    await _ask(client, f"CONSUMER.CREATE.{stream}.{place.name}", create)
    if place.done:
        await _ask(client, f"CONSUMER.RESET.{stream}.{place.name}", {"seq": place.done + 1})


async def stream_state(client: Client, stream: str) -> Json:
    return _object((await _ask(client, f"STREAM.INFO.{stream}", {}))["state"])


def _place(consumer: Json) -> ConsumerPlace | None:
    config = _object(consumer["config"])
    if "durable_name" not in config or config.get("ack_policy") != "explicit":
        return None
    config.pop("metadata", None)  # the broker's own notes
    done = int(str(_object(consumer["ack_floor"])["stream_seq"]))
    return ConsumerPlace(name=str(config["durable_name"]), config=config, done=done)


async def _ends_inside_a_batch(client: Client, stream: str, last: int) -> bool:
    """Whether the last message of a snapshot belongs to a batch whose rest came after it."""
    try:
        headers = (await client.jetstream().get_msg(stream, last)).headers or {}
    except NotFoundError:  # the stream is empty, or the message was deleted or has expired since
        return False
    except NatsError as silence:
        raise StoreUnavailableError(f"read message {last} of {stream}") from silence
    return "Nats-Batch-Id" in headers and "Nats-Batch-Commit" not in headers


@asynccontextmanager
async def _pieces(client: Client) -> AsyncIterator[tuple[str, asyncio.Queue[Msg]]]:
    # Of their own kind, so that the broker can let pieces reach another account without the answers to others.
    inbox = client.new_inbox().replace("_INBOX", "_SNAPSHOT", 1)
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await client.subscribe(inbox, cb=arrived.put)
    try:
        yield inbox, arrived
    except NatsError as silence:
        raise StoreUnavailableError(f"a snapshot: {silence}") from silence
    finally:
        if not (client.is_closed or client.is_draining):
            await subscription.unsubscribe()


async def _next_piece(arrived: asyncio.Queue[Msg]) -> bytes:
    """The next piece, acknowledged; empty at the end of the snapshot."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            message = await arrived.get()
    except TimeoutError:
        raise StoreUnavailableError("a snapshot: the broker fell silent") from None
    if message.data:
        if message.reply:  # the last piece has none
            await message.respond(b"")
        return message.data
    headers = message.headers or {}
    if (status := headers.get("Status", "204")) != "204":
        raise SnapshotError(f"the snapshot was broken off: {status} {headers.get('Description', '')}")
    return b""


async def _ask(client: Client, verb: str, request: object) -> Json:
    answer = await _request(client, f"$JS.API.{verb}", json.dumps(request).encode(), ANSWER_SECONDS)
    return _raise_refusal(answer)


async def _request(client: Client, subject: str, payload: bytes, seconds: float) -> bytes:
    try:
        return (await client.request(subject, payload, timeout=seconds)).data
    except NatsError as silence:
        raise StoreUnavailableError(subject) from silence


def _raise_refusal(answer: bytes) -> Json:
    said: Json = json.loads(answer) if answer else {}
    if error := said.get("error"):
        raise SnapshotError(str(_object(error).get("description")))
    return said


def _object(value: JsonValue) -> Json:
    return dict(value) if isinstance(value, dict) else {}
