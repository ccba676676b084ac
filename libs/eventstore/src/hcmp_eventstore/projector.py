"""The projector: applies the log to tables and moves its checkpoint in the same transaction.

Each projector owns one PostgreSQL schema, `<name>_v<version>`: a new version builds itself beside the old one.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import psycopg
import structlog
from nats.errors import Error as NatsError
from prometheus_client import Counter, Gauge
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.catching_up import read_stretch
from hcmp_eventstore.errors import EventStoreError, ReadGapError, StoreUnavailableError
from hcmp_eventstore.guard import Seen
from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.pull import ConsumerLostError
from hcmp_eventstore.reader import EVERYTHING, Stored, ahead, last_sequence, read_once
from hcmp_eventstore.recorded import Recorded, read_recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS

log = structlog.get_logger(__name__)

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]
T = TypeVar("T")

RETRY_SECONDS = 0.5
# Behind by more events than this, it is worth starting a process that reads them.
FAR_BEHIND = 20_000
# So many messages are taken in before others get their turn: about a millisecond.
AT_A_TIME = 100
# How long a reaction waits for the read model before it lets its event come again.
CATCH_UP_SECONDS = 30.0
# How long a query waits for a connection before it is told that the database does not answer.
QUERY_WAIT_SECONDS = 5.0
# A link that died without a word is noticed, instead of waiting for the network's retransmissions: idle or not.
LINK: dict[str, int] = {
    "connect_timeout": 5,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 8_000,
}

APPLIED = Counter("hcmp_projector_events_total", "Events applied to a read model", ["projector"])
CHECKPOINT = Gauge("hcmp_projector_checkpoint", "Log sequence that a read model stands for", ["projector"])
# With a sequence of its own, so that a version that moves the checkpoint and names no event does no harm. Added
# only where it is missing, for that waits for everybody who holds the checkpoint.
_NAME_LAST_EVENT = """
    DO $$ BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = 'checkpoint'::regclass AND attname = 'event_id'
        ) THEN
            ALTER TABLE checkpoint ADD COLUMN event_sequence bigint, ADD COLUMN event_id text;
        END IF;
    END $$
"""

STOPPED = Gauge("hcmp_projector_stopped", "1 when a projector stopped on an event it cannot apply", ["projector"])


class CheckpointMovedError(EventStoreError):
    """Another copy of this projector applied these events first."""


# What a projector survives by starting again at its checkpoint.
_PASSING = (psycopg.OperationalError, NatsError, ConsumerLostError, ReadGapError, CheckpointMovedError)


class _Batch(NamedTuple):
    """Events to be applied, and the place of the log up to which there are no others."""

    end: int
    events: list[Recorded[DomainEvent]]


@dataclass
class Projector:
    """Keeps one read model equal to the log. `run` for ever; `failure` says why it stopped, if it did.

    With `until`, the place of an event in the log, it stands still once that one is applied. While it runs, it
    holds a lock by which others know that its schema is in use.
    """

    store: EventStore
    database_url: str
    model: ReadModel
    until: int | None = None
    position: int = 0
    target: int | None = None  # unknown until the tables exist and the log has been looked at
    failure: str | None = None
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)
    _prepared: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Apply the log until cancelled. A broken connection is retried; an event that cannot be applied
        stops this projector, and nothing is skipped. Whenever it starts again it first asks whether the log
        still holds what the read model has seen.
        """
        STOPPED.labels(self.model.schema).set(0)
        while self.failure is None and not self._finished:
            try:
                await self._run_once()
            except _PASSING as error:
                log.warning("projector_restarts", projector=self.model.schema, reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                self.failure = f"{type(error).__name__}: {error}"
                STOPPED.labels(self.model.schema).set(1)
                log.exception("projector_stopped", projector=self.model.schema, position=self.position)

    async def prepared(self) -> None:
        """Wait until the tables exist, so that they can be asked."""
        await self._prepared.wait()

    async def wait_for(self, sequence: int, timeout: float = 5.0) -> bool:  # noqa: ASYNC109
        """Wait until the read model stands for `sequence`; False when that took longer than `timeout` s."""
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self._stands_for(sequence))
        except TimeoutError:
            return False
        return True

    async def require(self, sequence: int) -> None:
        """Wait until the read model stands for `sequence`, for a reaction that cannot go on without, and that may
        come again. Raises StoreUnavailableError.
        """
        if not await self.wait_for(sequence, CATCH_UP_SECONDS):
            raise StoreUnavailableError(f"the read model has not caught up with event {sequence}")

    async def watch(self, query: Callable[[], Awaitable[T | None]], timeout: float) -> T | None:  # noqa: ASYNC109
        """Ask `query` now and after every move of the read model until it answers something other than
        None; None when that took longer than `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while True:
                    seen = self.position
                    if (answer := await query()) is not None:
                        return answer
                    await self._moved_past(seen)
        except TimeoutError:
            return None

    async def _moved_past(self, position: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.position > position)

    @property
    def caught_up(self) -> bool:
        """Whether the read model has passed the end of the log as it was when the projector started."""
        return self.failure is None and self.target is not None and self._stands_for(self.target)

    @property
    def _finished(self) -> bool:
        return self.until is not None and self._stands_for(self.until)

    def _stands_for(self, sequence: int) -> bool:
        """Whether the tables are there, and what happened up to `sequence` is in them."""
        return self.target is not None and self.position >= sequence

    async def _run_once(self) -> None:
        connection = await AsyncConnection[DictRow].connect(
            make_conninfo(self.database_url, **LINK), autocommit=True, row_factory=dict_row
        )
        try:
            await self._prepare(connection)
            self._prepared.set()
            checkpoint = await self._checkpoint(connection)
            await self.store.guard.require(checkpoint, self.model.schema, await self._last_event(connection))
            self.target = await last_sequence(self.store.client, stream=EVENTS, subjects=self.model.subjects)
            await self._move_to(checkpoint)
            await self._follow(connection)
        finally:
            # As a context it would stay open when a cancellation meets the commit at its end.
            await connection.close()

    async def _follow(self, connection: AsyncConnection[DictRow]) -> None:
        """Apply the log from the checkpoint on. What is behind is read whole and sorted out here: the broker looks
        for several subjects' events much more slowly than it reads all of them.
        """
        end = min(self.target or 0, self.until or sys.maxsize)
        if end - self.position > FAR_BEHIND:
            stretch = read_stretch(self.store.client, stream=EVENTS, after=self.position, until=end)
            await self._read(connection, ahead(self._wanted(stretch)))
        if not self.caught_up:
            await self._read(connection, self._arriving([EVERYTHING]), lambda: self._finished or self.caught_up)
        await self._read(connection, self._arriving(self.model.subjects), lambda: self._finished)

    def _arriving(self, subjects: Sequence[str]) -> AsyncGenerator[_Batch, None]:
        return self._wanted(read_once(self.store.client, stream=EVENTS, subjects=subjects, after=self.position))

    async def _wanted(self, batches: AsyncGenerator[list[Stored], None]) -> AsyncGenerator[_Batch, None]:
        """What the model takes of each batch. The event loop gets its turns in between: while the database works
        on the last batch, and while others wait for an answer.
        """
        async with aclosing(batches):
            async for batch in batches:
                events: list[Recorded[DomainEvent]] = []
                for start in range(0, len(batch), AT_A_TIME):
                    some = batch[start : start + AT_A_TIME]
                    events += [read_recorded(*message) for message in some if self._wants(message)]
                    await asyncio.sleep(0)
                yield _Batch(batch[-1].sequence, events)

    def _wants(self, message: Stored) -> bool:
        if self.until is not None and message.sequence > self.until:
            return False
        return self.model.consumes(message.subject)

    async def _read(
        self,
        connection: AsyncConnection[DictRow],
        batches: AsyncGenerator[_Batch, None],
        done: Callable[[], bool] = lambda: False,
    ) -> None:
        """Apply what comes until that is all, or `done`."""
        async with aclosing(batches):
            while not done() and (batch := await anext(batches, None)):
                if batch.events:
                    await self._apply(connection, batch.events)
                elif self.until is not None and batch.end >= self.until:
                    await self._move_to(batch.end)

    async def _prepare(self, connection: AsyncConnection[DictRow]) -> None:
        """Make the schema and its tables, and let every statement of this connection mean them."""
        schema = sql.Identifier(self.model.schema)
        await connection.execute(
            "SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))", [in_use(self.model.schema)]
        )
        # Rows and checkpoint are lost together, and the log gives them again: nobody has to wait for the disk.
        await connection.execute("SET synchronous_commit TO off")
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [self.model.schema])
            await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            await connection.execute(sql.SQL("SET search_path TO {}").format(schema))
            await connection.execute("CREATE TABLE IF NOT EXISTS checkpoint (sequence bigint NOT NULL)")
            await connection.execute(_NAME_LAST_EVENT)
            await connection.execute("INSERT INTO checkpoint SELECT 0 WHERE NOT EXISTS (SELECT FROM checkpoint)")
            for projection in self.model.projections:
                await connection.execute(projection.tables)

    async def _checkpoint(self, connection: AsyncConnection[DictRow]) -> int:
        row = await (await connection.execute("SELECT sequence FROM checkpoint FOR UPDATE")).fetchone()
        return int(row["sequence"]) if row else 0

    async def _last_event(self, connection: AsyncConnection[DictRow]) -> Seen | None:
        """The last event that was applied; None when an earlier version of this code did it."""
        row = await (await connection.execute("SELECT event_sequence, event_id FROM checkpoint")).fetchone()
        return Seen(row["event_sequence"], row["event_id"]) if row and row["event_id"] else None

    async def _apply(self, connection: AsyncConnection[DictRow], events: Sequence[Recorded[DomainEvent]]) -> None:
        last = Seen(events[-1].sequence, events[-1].envelope.id)
        async with connection.transaction():
            if await self._checkpoint(connection) != self.position:
                raise CheckpointMovedError
            async with connection.pipeline(), connection.cursor() as cursor:
                for projection in self.model.concerned({recorded.aggregate for recorded in events}):
                    await projection.apply(cursor, events)
                await cursor.execute(
                    "UPDATE checkpoint SET sequence = %s, event_sequence = %s, event_id = %s",
                    [last.sequence, last.sequence, last.event_id],
                )
        APPLIED.labels(self.model.schema).inc(len(events))
        self.store.guard.saw(last.sequence, last)
        await self._move_to(last.sequence)

    async def _move_to(self, position: int) -> None:
        self.position = position
        self.store.guard.saw(position)
        CHECKPOINT.labels(self.model.schema).set(position)
        async with self._moved:
            self._moved.notify_all()


def in_use(schema: str) -> str:
    """The name of the lock that each projector of this schema shares while it runs."""
    return f"{schema} in use"


@asynccontextmanager
async def open_pool(database_url: str, model: ReadModel) -> AsyncIterator[Pool]:
    """Connections for the queries of one read model: its schema is their search path, and they only read.

    The tables exist once the projector has run `_prepare`; a query before that fails, readiness says so.
    """
    pool: Pool = AsyncConnectionPool(
        make_conninfo(database_url, **LINK),
        connection_class=AsyncConnection[DictRow],
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "options": f"-c search_path={model.schema} -c default_transaction_read_only=on",
        },
        min_size=1,
        max_size=8,
        timeout=QUERY_WAIT_SECONDS,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close(timeout=3)
