"""Building a read model anew beside the live one and putting it in its place, while the service goes on.

The new rows are built in `<name>_rebuild_v<n>` by a projector of their own. The last step is one transaction: it
takes the live checkpoint's lock, so that the live projector waits; lets the new one pass that place of the log;
and renames both schemas. Queries and projectors name their schema by the search path, so that their next
statement means the new tables. A projector that waited for the lock finds a checkpoint that is not its own, which
makes it start again at the new one (`CheckpointMovedError`); the rows never go back in time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from psycopg import sql
from psycopg.errors import LockNotAvailable

from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.schemas import Connection, RebuildError, alone, beside, checkpoint_of, drop, opened
from hcmp_eventstore.store import EventStore

log = structlog.get_logger(__name__)

# How long the live projector is made to wait at most; a swap that needs longer is tried again from the start.
HOLD_SECONDS = 5.0
SWAPS_TRIED = 5
DROPS_TRIED = 10
# No event stands there: a projector that finds it knows that its tables are no longer the live ones.
REPLACED = -1


@dataclass(frozen=True)
class Rebuilt:
    """What is live now, and the place of the log that it stood for when it took over."""

    schema: str
    checkpoint: int


async def rebuild(store: EventStore, database_url: str, model: ReadModel) -> Rebuilt:
    """Build the read model from the whole log and let it take over from the live one.

    Raises RebuildError when there is nothing to replace, another rebuild runs, or an event cannot be applied.
    """
    building, replaced = beside(model, "rebuild"), beside(model, "replaced")
    async with opened(database_url) as connection:
        await alone(connection, model)
        for left_over in (building.schema, replaced.schema):
            await drop(connection, left_over)
        for _ in range(SWAPS_TRIED):
            checkpoint = await _build_and_swap(connection, store, database_url, model)
            if checkpoint is not None:
                await _drop_when_unread(connection, replaced.schema)
                return Rebuilt(model.schema, checkpoint)
    raise RebuildError(
        f"{model.schema} moves on faster than it is built anew: try again when there is less traffic"
    )


@asynccontextmanager
async def projecting(
    store: EventStore, database_url: str, model: ReadModel, *, until: int | None = None
) -> AsyncIterator[Projector]:
    """A projector that runs until the block is left."""
    projector = Projector(store, database_url, model, until=until)
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def reach(projector: Projector, sequence: int) -> None:
    """Wait until the projector stands for this place of the log, however long that takes. Raises RebuildError
    when it stops before.
    """
    while not await projector.wait_for(sequence, timeout=1.0):
        if projector.failure is not None:
            raise RebuildError(f"{projector.model.schema} cannot be built: {projector.failure}")
        log.info("read_model_building", schema=projector.model.schema, at=projector.position, to=sequence)


async def _build_and_swap(
    connection: Connection, store: EventStore, database_url: str, model: ReadModel
) -> int | None:
    """Build until the live place of the log is reached, then swap; None when the live one moved on meanwhile."""
    async with AsyncExitStack() as building:
        projector = await building.enter_async_context(projecting(store, database_url, beside(model, "rebuild")))
        await reach(projector, await _live_checkpoint(connection, model))
        async with connection.transaction():
            live = await checkpoint_of(connection, model.schema, lock=True)
            if live is None or not await projector.wait_for(live, timeout=HOLD_SECONDS):
                return None
            await building.aclose()
            return await _swap(connection, model)


async def _swap(connection: Connection, model: ReadModel) -> int | None:
    """Put the new schema in the live one's place, within the transaction that holds the live checkpoint."""
    building, replaced = beside(model, "rebuild").schema, beside(model, "replaced").schema
    # Its projector was stopped; the lock waits for what the server may still be doing for it.
    checkpoint = await checkpoint_of(connection, building, lock=True)
    table = sql.Identifier(model.schema, "checkpoint")
    await connection.execute(sql.SQL("UPDATE {} SET sequence = %s").format(table), [REPLACED])
    await _rename(connection, model.schema, replaced)
    await _rename(connection, building, model.schema)
    return checkpoint


async def _drop_when_unread(connection: Connection, schema: str) -> None:
    """Drop what nobody reads any more. A query that began before the swap is waited for, but in turns shorter than
    PostgreSQL's `deadlock_timeout` (1 s), so that none is ended for our sake; what is still read is left to prune.
    """
    await connection.execute("SET lock_timeout = '400ms'")
    for _ in range(DROPS_TRIED):
        try:
            await drop(connection, schema)
        except LockNotAvailable:
            log.info("replaced_schema_is_read", schema=schema)
        else:
            return


async def _rename(connection: Connection, schema: str, name: str) -> None:
    rename = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
    await connection.execute(rename.format(sql.Identifier(schema), sql.Identifier(name)))


async def _live_checkpoint(connection: Connection, model: ReadModel) -> int:
    live = await checkpoint_of(connection, model.schema)
    if live is None:
        raise RebuildError(f"there is no {model.schema} to replace: start the service, and it is built by itself")
    return live
