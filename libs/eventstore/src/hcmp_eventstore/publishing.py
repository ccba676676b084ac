"""One try to store events: a message, or several in one atomic batch, and the broker's answer.

Sources: atomic batch publishing, NATS ADR-50; error codes, `errors.json` of nats-server 2.15.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nats.aio.client import Client

from hcmp_eventstore.streams import EVENTS

WRONG_LAST_SEQUENCE = 10071
BATCH_DUPLICATE = 10201
# Another batch or a leader change stood in the way: the same append may be tried again.
TRANSIENT = frozenset({10158, 10163, 10164, 10008, 10009, 10039, 10077})

ACK_SECONDS = 2.0
# The broker keeps at most 50 batches open on a stream; one that waits here for its turn does not wait for an
# acknowledgement yet.
BATCHES_AT_ONCE = 32


@dataclass(frozen=True)
class Message:
    """One event made ready for the broker, with the version of its aggregate that it was decided on."""

    subject: str
    subject_filter: str
    event_id: str
    expected_version: int
    payload: bytes

    def headers(self) -> dict[str, str]:
        return {
            "Nats-Msg-Id": self.event_id,
            "Nats-Expected-Stream": EVENTS,
            "Nats-Expected-Last-Subject-Sequence": str(self.expected_version),
            "Nats-Expected-Last-Subject-Sequence-Subject": self.subject_filter,
        }


class RefusedError(Exception):
    """The broker answered an append with an error."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class Publisher:
    """Publishes to the log, and waits ACK_SECONDS for each answer."""

    def __init__(self, client: Client, new_id: Callable[[], UUID]) -> None:
        self._client = client
        self._new_id = new_id
        self._turns = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def publish(self, messages: Sequence[Message]) -> int:
        """Store all, one behind the other, or none, and return the sequence of the last.

        Raises RefusedError, and nats.errors.Error when no answer came: then the outcome is unknown. A batch is
        open until its last message commits it; only that one is answered.
        """
        if len(messages) == 1:
            return await self._request(messages[0], messages[0].headers())
        async with self._turns:
            return await self._publish_batch(messages)

    async def _publish_batch(self, messages: Sequence[Message]) -> int:
        batch_id = str(self._new_id())
        for number, message in enumerate(messages, start=1):
            headers = message.headers() | {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(number)}
            if number == len(messages):
                return await self._request(message, headers | {"Nats-Batch-Commit": "1"})
            await self._client.publish(message.subject, message.payload, headers=headers)
        raise AssertionError("an append holds at least one event")

    async def _request(self, message: Message, headers: dict[str, Any]) -> int:
        answer = await self._client.request(message.subject, message.payload, timeout=ACK_SECONDS, headers=headers)
        acknowledgement = json.loads(answer.data)
        if error := acknowledgement.get("error"):
            raise RefusedError(error.get("err_code", 0), error.get("description", ""))
        return int(acknowledgement["seq"])
