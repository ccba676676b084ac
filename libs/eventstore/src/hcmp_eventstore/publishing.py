"""One try to store events: a message, or several in one atomic batch, and the broker's answer.

Source: atomic batch publishing, NATS ADR-50.
"""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from nats.aio.client import Client

from hcmp_eventstore.leader import ask
from hcmp_eventstore.messages import Message

# An outage is said within 2 s: this long an acknowledgement is waited for, then the brokers are counted.
ACK_SECONDS = 1.2
# The broker keeps at most 50 batches open on a stream; one that waits here for its turn does not wait for an
# acknowledgement yet.
BATCHES_AT_ONCE = 32


class Publisher:
    """Publishes to the log, and waits ACK_SECONDS for each answer."""

    def __init__(self, client: Client, new_id: Callable[[], UUID]) -> None:
        self._client = client
        self._new_id = new_id
        self._open_batches = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def publish(self, messages: Sequence[Message]) -> int:
        """Store all, one behind the other, or none, and return the sequence of the last.

        Raises RefusedError, and nats.errors.Error when no answer came: then the outcome is unknown. A batch is
        open until its last message commits it; only that one is answered.
        """
        if len(messages) == 1:
            return await self._request(messages[0], messages[0].headers())
        async with self._open_batches:
            return await self._publish_batch(messages)

    async def _publish_batch(self, messages: Sequence[Message]) -> int:
        batch_id = str(self._new_id())
        for number, message in enumerate(messages, start=1):
            headers = message.headers() | {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(number)}
            if number == len(messages):
                return await self._request(message, headers | {"Nats-Batch-Commit": "1"})
            await self._client.publish(message.subject, message.payload, headers=headers)
        raise AssertionError("an append holds at least one event")

    async def _request(self, message: Message, headers: dict[str, str]) -> int:
        said = await ask(self._client, message.subject, message.payload, seconds=ACK_SECONDS, headers=headers)
        return int(said["seq"])
