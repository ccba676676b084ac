"""Append to the log and load from it: versions, atomic batches, and outcomes that are never guessed.

How one try is made stands in `publishing.py`, how those that wait share one in `group_commit.py`.
"""

import asyncio
import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from uuid_utils.compat import uuid7

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.brokers import Brokers
from hcmp_eventstore.direct_get import SubjectReader
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.group_commit import GroupCommit
from hcmp_eventstore.guard import LogGuard
from hcmp_eventstore.leader import Leader
from hcmp_eventstore.messages import Envelopes, Message, Write, subject_filter
from hcmp_eventstore.publishing import ACK_SECONDS, Publisher
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.refusals import RefusedError, raise_unless_transient
from hcmp_eventstore.remembered import Remembered
from hcmp_eventstore.streams import EVENTS
from hcmp_eventstore.turns import Turns

__all__ = ["EventStore", "Write", "subject_filter", "utc_now"]

# An election is ridden out (4 to 8 s): within this time every append has an answer.
APPEND_SECONDS = 10.0
# A request may reach a replica that hangs, and the next one another; one that has just lost its companions answers
# a moment later.
SILENCE_SECONDS = 0.6
LOAD_SECONDS = 9.0
RETRY_SECONDS = 0.05


def utc_now() -> datetime:
    """The wall clock. Only for people: the order of events is their sequence."""
    return datetime.now(UTC)  # noqa: TID251


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
        self._envelopes = Envelopes(source, clock, new_id)
        self.guard = LogGuard(client)
        self.turns = Turns()
        self._remembered = Remembered()
        self._remembered_since = 0
        self._reader = SubjectReader(client, EVENTS)
        self._publisher = Publisher(client, new_id)
        self._group = GroupCommit(self._publish)
        self._brokers = Brokers(client)
        self._leader = Leader(client, self._brokers)

    @property
    def client(self) -> Client:
        return self._client

    @property
    def remembered(self) -> Remembered:
        """What this process wrote last, as long as the connection lasts: a broker may come back on an older store,
        where the same version means something else.
        """
        if self._remembered_since != self._client.stats["reconnects"]:
            self._remembered_since = self._client.stats["reconnects"]
            self._remembered = Remembered()
        return self._remembered

    async def load(self, aggregate: str, aggregate_id: str, *, at_least: int = 0) -> list[Recorded[DomainEvent]]:
        """All events of one aggregate, oldest first, by one request per thousand.

        A replica may answer a little late; with `at_least`, a version that the aggregate is known to have,
        the load is repeated until the answer reaches it. Raises StoreUnavailableError.
        """
        subject = subject_filter(aggregate, aggregate_id)
        deadline = asyncio.get_running_loop().time() + APPEND_SECONDS
        while True:
            events = await self._read(subject)
            if (events[-1].sequence if events else 0) >= at_least:
                return events
            if asyncio.get_running_loop().time() > deadline:
                raise StoreUnavailableError(f"{subject} did not reach version {at_least}")
            await asyncio.sleep(0.02)

    async def newer(self, seen: Mapping[str, int]) -> dict[str, int]:
        """Those of these aggregates (by subject filter) that have moved on from the version at which they were
        `seen`, with the version that the leader has. Raises StoreUnavailableError.
        """
        return await self._leader.newer(seen)

    async def append(self, writes: Sequence[Write], context: Context) -> int:
        """Store all events of all writes, or none, and return the sequence of the last.

        Raises ConcurrencyError when an aggregate is no longer at the version that its events were decided
        on, WritesRefusedError when the log has been found damaged, StoreFullError when the broker has no room,
        and StoreUnavailableError: within 2 s when too few brokers live to elect a leader, after APPEND_SECONDS
        when there is none for another reason. A lost acknowledgement is resolved by reading back: a retry by the
        same event ids is never stored twice.
        """
        messages = self._envelopes.messages(writes, context)
        # What is left of APPEND_SECONDS then is for reading back.
        deadline = asyncio.get_running_loop().time() + APPEND_SECONDS - ACK_SECONDS
        uncertain = False
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._group.append(messages)
            except (NatsError, TimeoutError) as silence:
                uncertain = uncertain or not isinstance(silence, NoRespondersError)
            except RefusedError as refusal:
                if uncertain and (sequence := await self._find(messages)):
                    return sequence
                raise_unless_transient(
                    refusal,
                    subject_filter=messages[-1].subject_filter,
                    expected=messages[-1].expected_version,
                    alone=len(writes) == 1,
                )
            late = asyncio.get_running_loop().time() > deadline
            if late and uncertain and (sequence := await self._find(messages)):
                return sequence
            if late or await self._brokers.too_few():
                raise StoreUnavailableError(f"append to {messages[-1].subject}")
            await asyncio.sleep(random.uniform(0.5, 1.5) * RETRY_SECONDS)  # noqa: S311 - a pause, no secret

    async def _publish(self, messages: Sequence[Message]) -> int:
        """One try, on a log that was found whole after the last reconnection."""
        await self.guard.check()
        stored = await self._publisher.publish(messages)
        self.guard.saw(stored)
        return stored

    async def _find(self, messages: Sequence[Message]) -> int | None:
        """The sequence under which the last of one's own messages stands in the log, if they do.

        Whoever wrote first behind the version that the first of them was decided on has won that version, and a
        batch stands in one piece. The leader is asked: a replica may not know yet.
        """
        first = messages[0]
        wanted = {"seq": first.expected_version + 1, "next_by_subj": first.subject_filter}
        stored = await self._leader.message(wanted, seconds=ACK_SECONDS)
        if stored is None or json.loads(base64.b64decode(stored["data"]))["id"] != first.event_id:
            return None
        return int(stored["seq"]) + len(messages) - 1

    async def _read(self, subject: str) -> list[Recorded[DomainEvent]]:
        deadline = asyncio.get_running_loop().time() + LOAD_SECONDS
        while True:
            try:
                return await self._reader.read(subject, silence_seconds=SILENCE_SECONDS)
            except StoreUnavailableError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(RETRY_SECONDS)
