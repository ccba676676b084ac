"""Batched Direct Get: all messages of one subject filter, one request per thousand, from any replica.

Source: NATS ADR-31.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.recorded import Recorded, read_recorded

BATCH = 1000


class SubjectReader:
    """Reads subjects of one stream. All answers come to one subscription, made at the first question."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._request = f"$JS.API.DIRECT.GET.{stream}"
        self._inbox = client.new_inbox()
        self._subscribing = asyncio.Lock()
        self._subscribed = False
        self._asked = 0
        self._answers: dict[str, asyncio.Queue[Msg]] = {}

    async def read(self, subject: str, *, silence_seconds: float) -> list[Recorded[DomainEvent]]:
        """The events of `subject`, oldest first. Raises StoreUnavailableError when nothing comes for so long."""
        events: list[Recorded[DomainEvent]] = []
        more = True
        try:
            async with self._question() as (reply, answers):
                while more:
                    following = events[-1].sequence + 1 if events else 1
                    request = {"next_by_subj": subject, "seq": following, "batch": BATCH}
                    await self._client.publish(self._request, json.dumps(request).encode(), reply=reply)
                    more = await _take(answers, events, subject, silence_seconds)
        except (NatsError, TimeoutError) as silence:
            raise StoreUnavailableError(f"load {subject}") from silence
        return events

    @asynccontextmanager
    async def _question(self) -> AsyncIterator[tuple[str, asyncio.Queue[Msg]]]:
        """Where the answers of one question are to be sent, and where they arrive. What comes late is dropped."""
        async with self._subscribing:
            if not self._subscribed:
                await self._client.subscribe(f"{self._inbox}.*", cb=self._hear)
                self._subscribed = True
        self._asked += 1
        reply = f"{self._inbox}.{self._asked}"
        answers = self._answers[reply] = asyncio.Queue()
        try:
            yield reply, answers
        finally:
            del self._answers[reply]

    async def _hear(self, message: Msg) -> None:
        if message.subject in self._answers:
            self._answers[message.subject].put_nowait(message)


async def _take(
    answers: asyncio.Queue[Msg], events: list[Recorded[DomainEvent]], subject: str, silence_seconds: float
) -> bool:
    """Add what is answered to one request; whether there is more to ask for. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(silence_seconds) as silence:
        while True:
            message = await answers.get()
            headers = message.headers or {}
            if status := headers.get("Status"):
                return _more_pending(status, headers, subject)
            events.append(read_recorded(int(headers["Nats-Sequence"]), message.data, headers["Nats-Subject"]))
            silence.reschedule(loop.time() + silence_seconds)


def _more_pending(status: str, headers: dict[str, str], subject: str) -> bool:
    """What the end of a batched direct get says: 204 its end, with how many are left; 404 nothing there."""
    if status == "404":
        return False
    if status == "204":
        return int(headers.get("Nats-Num-Pending", "0")) > 0
    raise StoreUnavailableError(f"load {subject}: {status} {headers.get('Description', '')}")
