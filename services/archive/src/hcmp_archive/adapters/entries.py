"""The archive's one table, which deploy/postgres/archive.sql makes: its role may read and add, nothing else."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import LiteralString

from psycopg import AsyncConnection

from hcmp_archive.domain.chain import Entry, Event
from hcmp_eventstore.errors import EventStoreError

FETCHED_AT_ONCE = 1000
Row = tuple[int, str, str | None, datetime | None, bytes, bytes]
_SELECT: LiteralString = "SELECT sequence, subject, id, time, data, hash FROM archive.event ORDER BY sequence"


class MovedOnError(EventStoreError):
    """Another copy of the archive has added these events first."""


class Entries:
    """The entries, oldest first."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        self._connection = connection

    async def last(self) -> Entry | None:
        """The newest entry, None while there is none."""
        found = await self._connection.execute(_SELECT + " DESC LIMIT 1")
        row = await found.fetchone()
        return _entry(row) if row else None

    async def add(self, entries: Sequence[Entry], *, behind: Entry | None) -> None:
        """Add these behind that one, all or none. Raises MovedOnError when it is no longer the newest."""
        async with self._connection.transaction():
            await self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('hcmp archive', 0))")
            if await self.last() != behind:
                raise MovedOnError("another copy of the archive was faster")
            async with (
                self._connection.cursor() as cursor,
                cursor.copy("COPY archive.event (sequence, subject, id, time, data, hash) FROM STDIN") as copy,
            ):
                for entry in entries:
                    event = entry.event
                    await copy.write_row((event.sequence, event.subject, *entry.label, event.data, entry.hash))

    async def all(self) -> AsyncGenerator[Entry, None]:
        """Every entry as it stands at one moment, fetched bit by bit."""
        async with self._connection.transaction(), self._connection.cursor(name="entries") as cursor:
            cursor.itersize = FETCHED_AT_ONCE
            await cursor.execute(_SELECT)
            async for row in cursor:
                yield _entry(row)


@asynccontextmanager
async def open_entries(database_url: str) -> AsyncIterator[Entries]:
    """Connect; the table is the database administrator's to make."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield Entries(connection)


def _entry(row: Row) -> Entry:
    sequence, subject, event_id, time, data, sealed = row
    return Entry(Event(sequence, subject, data), sealed, (event_id, time))
