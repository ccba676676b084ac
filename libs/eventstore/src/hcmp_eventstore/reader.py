"""Reading a stream in order from a known place, for ever: the source of projectors and of live logs."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple, TypeVar

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from uuid_utils.compat import uuid7

from hcmp_eventstore.errors import ReadGapError
from hcmp_eventstore.pull import ConsumerLostError, Puller

log = structlog.get_logger(__name__)

# The filter of every message of a stream.
EVERYTHING = ">"
BATCH = 1000
INACTIVE_SECONDS = 30.0
RETRY_SECONDS = 0.5
_WORDS_WITHOUT_DOMAIN = 9

T = TypeVar("T")


class Stored(NamedTuple):
    """A message of the log: its place, the event, and the subject that it is stored under."""

    sequence: int
    data: bytes
    subject: str


async def last_sequence(client: Client, *, stream: str, subjects: Sequence[str]) -> int:
    """The stream sequence of the newest message of these subjects, 0 when there is none."""
    last = 0
    for subject in subjects:
        try:
            message = await client.jetstream().get_last_msg(stream, subject, direct=True)
        except NotFoundError:
            continue
        last = max(last, message.seq or 0)
    return last


async def read_batches(
    client: Client, *, stream: str, subjects: Sequence[str], after: int
) -> AsyncGenerator[list[Stored], None]:
    """Yield the messages of `subjects` behind stream sequence `after`, in order, as they come.

    Each yield holds what has arrived, at least one and at most BATCH messages. A lost consumer or a gap is
    repaired by a new consumer behind the last message yielded; the iterator ends only when it is closed.
    """
    position = after
    while True:
        try:
            async with aclosing(read_once(client, stream=stream, subjects=subjects, after=position)) as batches:
                async for batch in batches:
                    yield batch
                    position = batch[-1].sequence
        except (ConsumerLostError, ReadGapError, NatsError) as loss:
            log.info("reader_restarts", stream=stream, position=position, reason=str(loss))
            await asyncio.sleep(RETRY_SECONDS)


async def read_once(
    client: Client, *, stream: str, subjects: Sequence[str], after: int
) -> AsyncGenerator[list[Stored], None]:
    """As `read_batches`, for a reader that looks at the log again before it goes on: a lost consumer raises
    ConsumerLostError, a gap ReadGapError.
    """
    info = await client.jetstream().add_consumer(
        stream,
        ConsumerConfig(
            name=f"reader-{uuid7().hex}",
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            filter_subjects=list(subjects),
            inactive_threshold=INACTIVE_SECONDS,
            num_replicas=1,
            mem_storage=True,
        ),
    )
    expected = 1
    async with Puller(client, stream=stream, consumer=info.name, batch=BATCH) as puller:
        while True:
            arrived = [await puller.next()]
            while len(arrived) < BATCH and (message := puller.next_arrived()) is not None:
                arrived.append(message)
            batch = []
            for message in arrived:
                sequence, delivery = place_of(message)
                if delivery != expected:
                    raise ReadGapError(f"delivery {delivery} came instead of {expected}")
                expected += 1
                batch.append(Stored(sequence, message.data, message.subject))
            yield batch


def place_of(message: Msg) -> tuple[int, int]:
    """The sequences of a message in its stream and among its consumer's deliveries. nats-py's `metadata` makes
    much more of them, which takes a fifth of the time of reading.

    Source: NATS ADR-15; a domain and an account stand before the stream's name, or neither.
    """
    words = message.reply.split(".")
    first = 7 if len(words) > _WORDS_WITHOUT_DOMAIN else 5
    return int(words[first]), int(words[first + 1])


async def ahead(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items; while one is worked on, the next is got."""
    async with aclosing(items):
        coming = asyncio.ensure_future(anext(items, None))
        try:
            while (item := await coming) is not None:
                coming = asyncio.ensure_future(anext(items, None))
                yield item
        finally:
            coming.cancel()
            await asyncio.wait([coming])
