"""A projector whose database dies, cuts it off, makes it the victim of a deadlock or has no room: it goes on by
itself, and rows and checkpoint are exactly those of the log.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection
from structlog.testing import capture_logs

from hcmp_eventstore.projector import Projector
from hcmp_eventstore.store import EventStore
from hcmp_testkit.counting import MODEL, checkpoint, projecting, put, rows
from hcmp_testkit.disk import small_disk
from hcmp_testkit.history import eventually
from hcmp_testkit.postgres import PostgresServer

MACHINES = ("a", "b", "c", "d")


@pytest.fixture
def database(own_postgres: PostgresServer) -> Iterator[str]:
    """A PostgreSQL that holds no read model yet."""
    yield own_postgres.url
    with psycopg.connect(own_postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {MODEL.schema} CASCADE")


@asynccontextmanager
async def appending(store: EventStore) -> AsyncIterator[dict[str, int]]:
    """Events for all machines, without a pause; how many there were of each, once the block is left."""
    written = dict.fromkeys(MACHINES, 0)
    over = False

    async def write(vm: str) -> None:
        while not over:
            await put(store, vm)
            written[vm] += 1

    writers = [asyncio.create_task(write(vm)) for vm in MACHINES]
    try:
        yield written
    finally:
        over = True
        await asyncio.gather(*writers)


async def assert_exact(store: EventStore, projector: Projector, database: str, written: dict[str, int]) -> None:
    last = await put(store, "last")
    assert await projector.wait_for(last, timeout=20)
    assert await rows(database) == {"last": 1} | written
    assert await checkpoint(database) == last


async def test_a_database_that_is_killed_costs_no_event_and_repeats_none(
    event_store: EventStore, own_postgres: PostgresServer, database: str
) -> None:
    async with projecting(event_store, database) as projector:
        async with appending(event_store) as written:
            assert await projector.wait_for(20)
            for _ in range(2):
                own_postgres.kill()
                await asyncio.to_thread(own_postgres.start)
                assert await projector.wait_for(projector.position + 20, timeout=20)
        await assert_exact(event_store, projector, database, written)


async def test_connections_that_are_cut_cost_no_event_and_repeat_none(
    event_store: EventStore, database: str
) -> None:
    async with projecting(event_store, database) as projector:
        async with (
            appending(event_store) as written,
            await AsyncConnection.connect(database, autocommit=True) as administrator,
        ):
            for _ in range(4):
                assert await projector.wait_for(projector.position + 5, timeout=20)
                await administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
        await assert_exact(event_store, projector, database, written)


async def test_the_victim_of_a_deadlock_tries_again(event_store: EventStore, database: str) -> None:
    """Somebody holds a row that the projector needs, and then waits for the checkpoint that it holds."""
    with capture_logs() as logs:
        async with projecting(event_store, database) as projector:
            assert await projector.wait_for(await put(event_store, "a"))
            async with await AsyncConnection.connect(database) as somebody:
                await somebody.execute("SET deadlock_timeout = '1min'")  # the projector is to notice it first
                await somebody.execute(f"UPDATE {MODEL.schema}.counts SET times = times WHERE vm = 'a'")
                await put(event_store, "a")
                await eventually(lambda: waiting(database), lambda count: count == 1)
                await somebody.execute(f"SELECT sequence FROM {MODEL.schema}.checkpoint FOR UPDATE")
            await assert_exact(event_store, projector, database, {"a": 2})
    assert any("deadlock" in entry.get("reason", "") for entry in logs)


async def waiting(database: str) -> int:
    """How many connections wait for a lock."""
    async with await AsyncConnection.connect(database) as connection:
        cursor = await connection.execute("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return len(await cursor.fetchall())


async def test_a_database_without_room_stands_still_and_goes_on_when_there_is_some(
    event_store: EventStore, own_postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    with small_disk(megabytes=16) as disk:
        shutil.chown(disk.path, own_postgres.user or os.getuid())
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{disk.path}'")
            connection.execute("ALTER ROLE postgres SET default_tablespace = small")
        try:
            async with projecting(event_store, database) as projector:
                assert await projector.wait_for(await put(event_store, "a"))
                disk.fill()
                last = 0
                for number in range(200):
                    last = await put(event_store, f"{number}".ljust(200, "x"))
                assert not await projector.wait_for(last, timeout=1)
                assert projector.failure is None
                disk.make_room()
                assert await projector.wait_for(last, timeout=20)
                assert sum((await rows(database)).values()) == 201
                assert await checkpoint(database) == last
        finally:
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("ALTER ROLE postgres RESET default_tablespace")
                connection.execute(f"DROP SCHEMA {MODEL.schema} CASCADE")
                connection.execute(f"CREATE SCHEMA {MODEL.schema}")
                connection.execute("DROP TABLESPACE small")
