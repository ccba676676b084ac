"""Copying the log: every event, in order, with no number left out, as it is appended.

A broker that lost events does not say so: one flipped bit can halve a stream without a warning (reliability.md,
section 1). What is here therefore never goes on when the log is not the one that was copied: it ends before the
newest entry, holds another event in its place, or skips a number. Then it stops, with the reason, until somebody
has looked.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import psycopg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from prometheus_client import Counter, Gauge

from hcmp_archive.adapters.entries import Entries, MovedOnError, open_entries
from hcmp_archive.domain.chain import Entry, Event, GapError, chained
from hcmp_eventstore.errors import EventStoreError, ReadGapError
from hcmp_eventstore.guard import LogGuard
from hcmp_eventstore.pull import ConsumerLostError
from hcmp_eventstore.reader import EVERYTHING, Stored, read_once
from hcmp_eventstore.streams import EVENTS

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5
_PASSING = (psycopg.OperationalError, NatsError, ConsumerLostError, ReadGapError, MovedOnError)

COPIED = Counter("hcmp_archive_events_total", "Events copied into the archive")
NEWEST = Gauge("hcmp_archive_sequence", "Log sequence of the newest entry of the archive")
STOPPED = Gauge("hcmp_archive_stopped", "1 when the log is not the one that was copied, and copying has stopped")


class OtherLogError(EventStoreError):
    """The log holds another event than the one that was copied from the same place."""


@dataclass
class Copier:
    """Copies the log for ever; `failure` says why it stopped, if it did."""

    client: Client
    database_url: str
    newest: Entry | None = None
    target: int | None = None  # where the log ended when copying began
    failure: str | None = None

    @property
    def position(self) -> int:
        return self.newest.sequence if self.newest else 0

    @property
    def caught_up(self) -> bool:
        """Whether the archive has passed the end of the log as it was when copying began."""
        return self.failure is None and self.target is not None and self.position >= self.target

    async def run(self) -> None:
        """Copy until cancelled. What passes is tried again, behind the newest entry; what does not, stops it."""
        STOPPED.set(0)
        while self.failure is None:
            try:
                async with open_entries(self.database_url) as entries:
                    await self._copy(entries)
            except _PASSING as error:
                log.warning("archive_restarts", position=self.position, reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                self.failure = f"{type(error).__name__}: {error}"
                STOPPED.set(1)
                log.exception("archive_stopped", position=self.position)

    async def _copy(self, entries: Entries) -> None:
        self._moved_to(await entries.last())
        await LogGuard(self.client).require(self.position, "the archive")
        self.target = await self._end_of_whole_log()
        # The newest entry is read once more: a log that was set back and has grown since shows there.
        known = self.newest
        after = known.sequence - 1 if known else 0
        batches = read_once(self.client, stream=EVENTS, subjects=[EVERYTHING], after=after)
        async with aclosing(batches):
            async for batch in batches:
                events: Sequence[Event] = [event_of(message) for message in batch]
                if known is not None:
                    events, known = _behind(known, events), None
                await self._add(entries, events)

    async def _end_of_whole_log(self) -> int:
        """The newest sequence of the log. Raises GapError when it holds fewer events than it has numbered: nobody
        may delete there, so that these are lost, wherever they stood.
        """
        state = (await self.client.jetstream().stream_info(EVENTS)).state
        if state.messages != state.last_seq:
            raise GapError(f"the log has numbered {state.last_seq} events, but holds {state.messages}")
        return state.last_seq

    async def _add(self, entries: Entries, events: Sequence[Event]) -> None:
        new = list(chained(self.newest, events))
        if new:
            await entries.add(new, behind=self.newest)
            COPIED.inc(len(new))
            self._moved_to(new[-1])

    def _moved_to(self, newest: Entry | None) -> None:
        self.newest = newest
        NEWEST.set(self.position)


def event_of(message: Stored) -> Event:
    """A message of the stream as an event of the archive."""
    return Event(message.sequence, message.subject, message.data)


def _behind(known: Entry, events: Sequence[Event]) -> Sequence[Event]:
    """The events behind the one that is known, which must come first."""
    if events[0] != known.event:
        raise OtherLogError(f"event {known.sequence} of the log is not the one that was archived")
    return events[1:]
