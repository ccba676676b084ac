"""A read model that shows every event which was applied twice or not at all: it counts, and is not idempotent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, LiteralString

import psycopg
from psycopg import AsyncConnection

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.projection import Cursor, OneByOne, ReadModel
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened

STARTED = VmMaintenanceStarted(reason="disk")


class Counts(OneByOne):
    """How often each machine went into maintenance."""

    tables: LiteralString = "CREATE TABLE IF NOT EXISTS counts (vm text PRIMARY KEY, times int NOT NULL)"
    subjects: ClassVar = ["hcmp.vm.>"]

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        if isinstance(recorded.event, VmMaintenanceStarted):
            await cursor.execute(
                "INSERT INTO counts VALUES (%s, 1) ON CONFLICT (vm) DO UPDATE SET times = counts.times + 1",
                [recorded.aggregate_id],
            )


MODEL = ReadModel(name="counting", version=1, projections=[Counts()])


@asynccontextmanager
async def projecting(store: EventStore, database_url: str, model: ReadModel = MODEL) -> AsyncIterator[Projector]:
    projector = Projector(store=store, database_url=database_url, model=model)
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def put(store: EventStore, vm: str, times: int = 1) -> int:
    """Send a machine into maintenance so often; the last event's sequence."""
    last = 0
    for _ in range(times):
        last = await happened(store, vm, STARTED)
    return last


async def rows(database_url: str, schema: str = MODEL.schema) -> dict[str, int]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute(f"SELECT vm, times FROM {schema}.counts")
        return dict(await cursor.fetchall())


async def checkpoint(database_url: str) -> int:
    async with await AsyncConnection.connect(database_url) as connection:
        row = await (await connection.execute(f"SELECT sequence FROM {MODEL.schema}.checkpoint")).fetchone()
        assert row is not None
        return int(row[0])
