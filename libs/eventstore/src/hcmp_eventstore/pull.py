"""Pull requests with heartbeats on a JetStream consumer: a consumer that is gone is noticed, never waited for.

nats-py's `fetch(n > 1)` stalls for its whole timeout on an orphaned request (nats.py#986) and a subscription
can be dead after a reconnect (nats.py#504); both show here as a missing heartbeat.

Source: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-37.md
"""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

HEARTBEAT_SECONDS = 2.0
# Shorter than a reactor's time to acknowledge: the pull requests of a host that lost its power are gone when its
# work is handed out again, so that they cannot swallow it.
EXPIRES_SECONDS = 5.0
# What may wait unread of one consumer, whatever the batch: events are small, chunks of log lines need not be.
MAX_BYTES = 4 * 1024 * 1024
NANOSECONDS = 1_000_000_000
# A request that waits for messages, and one that takes what is there.
WAITS = {
    "expires": int(EXPIRES_SECONDS * NANOSECONDS),
    "idle_heartbeat": int(HEARTBEAT_SECONDS * NANOSECONDS),
}
WAITS_NOT = {"no_wait": True}

# Statuses after which the same consumer answers the next request: expired, no messages, batch completed.
_ASK_AGAIN = frozenset({"404", "408"})


class ConsumerLostError(Exception):
    """The consumer does not answer any more: it must be looked up or made anew."""


class Puller:
    """Messages of one consumer, asked for `batch` at a time."""

    def __init__(self, client: Client, *, stream: str, consumer: str, batch: int) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._batch = batch
        self._inbox = client.new_inbox()
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._requests = 0
        self._outstanding = 0

    async def __aenter__(self) -> Self:
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._arrived.put)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Without a connection too: the client would subscribe again as soon as it has one.
        if not (self._client.is_closed or self._client.is_draining):
            await self._subscription.unsubscribe()

    async def next(self) -> Msg:
        """Wait for the next message. Raises ConsumerLostError when even heartbeats stop."""
        while True:
            _heed_cancellation()
            if self._outstanding <= self._batch // 2:  # so that more is on its way while this is worked on
                await self._ask(self._batch, WAITS)
            message = await self._hear()
            if self._is_message(message):
                return message

    async def waiting(self, most: int) -> list[Msg]:
        """What waits at this moment, at most so many messages; nothing that comes later is waited for. To be asked
        only while `next` has nothing outstanding. Raises ConsumerLostError as `next` does.
        """
        await self._ask(most, WAITS_NOT)
        found: list[Msg] = []
        while self._outstanding > 0:
            message = await self._hear()
            if self._is_message(message):
                found.append(message)
        return found

    def next_arrived(self) -> Msg | None:
        """The next message if it has arrived already. Raises ConsumerLostError as `next` does."""
        while not self._arrived.empty():
            message = self._arrived.get_nowait()
            if self._is_message(message):
                return message
        return None

    async def _hear(self) -> Msg:
        try:
            async with asyncio.timeout(2 * HEARTBEAT_SECONDS + 1):
                return await self._arrived.get()
        except TimeoutError:
            raise ConsumerLostError("no heartbeat") from None

    def _is_message(self, message: Msg) -> bool:
        """Tell a message of the stream from what the broker says about the request."""
        status = (message.headers or {}).get("Status")
        if status is None:
            self._outstanding -= 1
            return True
        if message.subject != self._reply:
            # Behind its last message a request with a bound in bytes says that it is complete: by then the next
            # one may have been made, and a third would take a message that nobody here is free to handle.
            return False
        if status in _ASK_AGAIN or (status == "409" and _ended(message)):
            self._outstanding = 0
        elif status != "100":
            raise ConsumerLostError(f"{status} {(message.headers or {}).get('Description', '')}")
        return False

    @property
    def _reply(self) -> str:
        """Where the broker answers the newest request."""
        return f"{self._inbox}.{self._requests}"

    async def _ask(self, batch: int, how: Mapping[str, int]) -> None:
        self._requests += 1
        request = {"batch": batch, "max_bytes": MAX_BYTES, **how}
        try:
            await self._client.publish(self._subject, json.dumps(request).encode(), reply=self._reply)
        except NatsError as silence:
            raise ConsumerLostError("the broker is not connected") from silence
        self._outstanding = max(self._outstanding, 0) + batch


def _heed_cancellation() -> None:
    """End a task that was told to, where `asyncio.wait_for` has swallowed it: before Python 3.12 it does so when
    what it waits for comes at the same moment (cpython#86296), and nats-py waits by it for every answer.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _ended(message: Msg) -> bool:
    """Whether a 409 only ends this request (`Batch Completed`, `Message Size Exceeds MaxBytes`)."""
    return (message.headers or {}).get("Description", "").startswith(("Batch Completed", "Message Size"))
