"""Append to the log and load from it: versions, atomic batches, and outcomes that are never guessed.

Source: batched direct get, NATS ADR-31.
"""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from uuid_utils.compat import uuid7

from hcmp_contracts.catalogue import subject_of
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_eventstore.errors import ConcurrencyError, EventStoreError, StoreUnavailableError
from hcmp_eventstore.group_commit import GroupCommit
from hcmp_eventstore.guard import LogGuard
from hcmp_eventstore.publishing import (
    ACK_SECONDS,
    BATCH_DUPLICATE,
    TRANSIENT,
    WRONG_LAST_SEQUENCE,
    Message,
    Publisher,
    RefusedError,
)
from hcmp_eventstore.recorded import Context, Recorded, read_recorded
from hcmp_eventstore.streams import EVENTS

APPEND_SECONDS = 10.0
LOAD_BATCH = 1000


def utc_now() -> datetime:
    """The wall clock. Only for people: the order of events is their sequence."""
    return datetime.now(UTC)  # noqa: TID251


@dataclass(frozen=True)
class Write:
    """Events for one aggregate, decided on its version `expected_version` (0: nothing ever happened to it)."""

    aggregate: str
    aggregate_id: str
    expected_version: int
    events: Sequence[DomainEvent]

    @property
    def subject_filter(self) -> str:
        return f"hcmp.{self.aggregate}.{self.aggregate_id}.>"


class EventStore:
    """The event log of one service. `source` names the service in each envelope."""

    def __init__(
        self,
        client: Client,
        *,
        source: str,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], UUID] = uuid7,
    ) -> None:
        self._client = client
        self._source = source
        self._clock = clock
        self._new_id = new_id
        self.guard = LogGuard(client)
        self._publisher = Publisher(client, new_id)
        self._group = GroupCommit(self._publish)

    @property
    def client(self) -> Client:
        return self._client

    async def load(self, aggregate: str, aggregate_id: str, *, at_least: int = 0) -> list[Recorded[DomainEvent]]:
        """All events of one aggregate, oldest first, by one request per thousand.

        A replica may answer a little late; with `at_least`, a version that the aggregate is known to have,
        the load is repeated until the answer reaches it. Raises StoreUnavailableError.
        """
        subject = f"hcmp.{aggregate}.{aggregate_id}.>"
        deadline = asyncio.get_running_loop().time() + APPEND_SECONDS
        while True:
            events = await self._read_all(subject)
            if (events[-1].sequence if events else 0) >= at_least:
                return events
            if asyncio.get_running_loop().time() > deadline:
                raise StoreUnavailableError(f"{subject} did not reach version {at_least}")
            await asyncio.sleep(0.02)

    async def append(self, writes: Sequence[Write], context: Context) -> int:
        """Store all events of all writes, or none, and return the sequence of the last.

        Raises ConcurrencyError when an aggregate is no longer at the version that its events were decided
        on, StoreUnavailableError when the broker does not answer within APPEND_SECONDS, and
        WritesRefusedError when the log has been found damaged. A lost acknowledgement is resolved by reading
        back: a retry by the same event ids is never stored twice.
        """
        messages = self._messages(writes, context)
        deadline = asyncio.get_running_loop().time() + APPEND_SECONDS
        uncertain = False
        while True:
            try:
                return await self._group.append(messages)
            except NatsError as silence:
                uncertain = uncertain or not isinstance(silence, NoRespondersError)
            except RefusedError as refusal:
                if uncertain and (sequence := await self._find(messages[-1])):
                    return sequence
                if refusal.code == WRONG_LAST_SEQUENCE:
                    raise _conflict(messages, refusal) from None
                if refusal.code not in TRANSIENT and refusal.code != BATCH_DUPLICATE:
                    raise EventStoreError(f"the event log refused an append: {refusal}") from refusal
            if asyncio.get_running_loop().time() > deadline:
                if uncertain and (sequence := await self._find(messages[-1])):
                    return sequence
                raise StoreUnavailableError(f"append to {messages[-1].subject}")
            await asyncio.sleep(0.05)

    def _messages(self, writes: Sequence[Write], context: Context) -> list[Message]:
        now = self._clock()
        messages = []
        for write in writes:
            for event in write.events:
                envelope = CloudEvent(
                    id=str(self._new_id()),
                    source=self._source,
                    type=event.event_type,
                    subject=subject_of(type(event), write.aggregate_id),
                    time=now,
                    actor=context.actor,
                    correlationid=context.correlation_id,
                    causationid=context.causation_id,
                    data=event.model_dump(mode="json"),
                )
                messages.append(
                    Message(
                        subject=envelope.subject,
                        subject_filter=write.subject_filter,
                        event_id=envelope.id,
                        expected_version=write.expected_version,
                        payload=envelope.model_dump_json().encode(),
                    )
                )
        return messages

    async def _publish(self, messages: Sequence[Message]) -> int:
        """One try, on a log that was found whole after the last reconnection."""
        await self.guard.check()
        stored = await self._publisher.publish(messages)
        self.guard.saw(stored)
        return stored

    async def _find(self, message: Message) -> int | None:
        """The sequence under which one's own event stands in the log, if it does. Events of one append
        stand or fall together, so that its last one speaks for all.
        """
        for recorded in reversed(await self._read_all(message.subject_filter)):
            if recorded.envelope.id == message.event_id:
                return recorded.sequence
        return None

    async def _read_all(self, subject: str) -> list[Recorded[DomainEvent]]:
        events: list[Recorded[DomainEvent]] = []
        while True:
            start = events[-1].sequence + 1 if events else 1
            messages, more = await self._read_batch(subject, start)
            events.extend(messages)
            if not more:
                return events

    async def _read_batch(self, subject: str, start: int) -> tuple[list[Recorded[DomainEvent]], bool]:
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox)
        request = {"next_by_subj": subject, "seq": start, "batch": LOAD_BATCH}
        events: list[Recorded[DomainEvent]] = []
        try:
            await self._client.publish(f"$JS.API.DIRECT.GET.{EVENTS}", json.dumps(request).encode(), reply=inbox)
            while True:
                message = await subscription.next_msg(timeout=ACK_SECONDS)
                headers = message.headers or {}
                if status := headers.get("Status"):
                    return events, _more_pending(status, headers, subject)
                events.append(read_recorded(int(headers["Nats-Sequence"]), message.data, headers["Nats-Subject"]))
        except NatsError as silence:
            raise StoreUnavailableError(f"load {subject}") from silence
        finally:
            if not self._client.is_closed:
                await subscription.unsubscribe()


def _more_pending(status: str, headers: dict[str, str], subject: str) -> bool:
    """What the end of a batched direct get says: 204 its end, with how many are left; 404 nothing there."""
    if status == "404":
        return False
    if status == "204":
        return int(headers.get("Nats-Num-Pending", "0")) > 0
    raise StoreUnavailableError(f"load {subject}: {status} {headers.get('Description', '')}")


def _conflict(messages: Sequence[Message], refusal: RefusedError) -> ConcurrencyError:
    """The refused aggregate and, where the append concerned only one, the version that it is at."""
    actual = re.search(r"(\d+)$", refusal.description)
    filters = {message.subject_filter for message in messages}
    known = int(actual.group(1)) if actual and len(filters) == 1 else None
    return ConcurrencyError(messages[-1].subject_filter, messages[-1].expected_version, known)
