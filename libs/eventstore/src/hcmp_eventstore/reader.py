"""Reading a stream in order from a known place, for ever: the source of projectors and of live logs."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

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


class Stored(NamedTuple):
    """A message of the log: its place, the event, and the subject that it is stored under."""

    sequence: int
    data: bytes
    subject: str


def stored(messages: Sequence[Msg]) -> list[Stored]:
    return [Stored(one.metadata.sequence.stream, one.data, one.subject) for one in messages]


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
) -> AsyncGenerator[list[Msg], None]:
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
                    position = batch[-1].metadata.sequence.stream
        except (ConsumerLostError, ReadGapError, NatsError) as loss:
            log.info("reader_restarts", stream=stream, position=position, reason=str(loss))
            await asyncio.sleep(RETRY_SECONDS)


async def read_once(
    client: Client, *, stream: str, subjects: Sequence[str], after: int
) -> AsyncGenerator[list[Msg], None]:
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
            batch = [await puller.next()]
            while len(batch) < BATCH and (message := puller.next_arrived()) is not None:
                batch.append(message)
            for message in batch:
                if message.metadata.sequence.consumer != expected:
                    raise ReadGapError(f"delivery {message.metadata.sequence.consumer} came instead of {expected}")
                expected += 1
            yield batch
