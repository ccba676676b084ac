"""Read models looked after while they are in use: built anew under traffic, compared with the log, pruned."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar, LiteralString

import psycopg
import pytest

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.comparison import Comparison, compare
from hcmp_eventstore.projection import Cursor, OneByOne, ReadModel
from hcmp_eventstore.projector import Projector, open_pool
from hcmp_eventstore.rebuild import Rebuilt, projecting, rebuild
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.schemas import RebuildError, alone, opened, prune, statuses
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.nats import PASSWORD, USER, NatsServer

STARTED, ENDED = VmMaintenanceStarted(reason="disk"), VmMaintenanceEnded()


class Counts(OneByOne):
    """How often each machine went into maintenance: not idempotent on purpose, so a repeat would show."""

    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS counts (vm text PRIMARY KEY, times int NOT NULL);
        CREATE TABLE IF NOT EXISTS seen (sequence bigint NOT NULL);
    """
    subjects: ClassVar = ["hcmp.vm.>"]

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        await cursor.execute("INSERT INTO seen VALUES (%s)", [recorded.sequence])
        if isinstance(recorded.event, VmMaintenanceStarted):
            await cursor.execute(
                "INSERT INTO counts VALUES (%s, 1) ON CONFLICT (vm) DO UPDATE SET times = counts.times + 1",
                [recorded.aggregate_id],
            )


MODEL = ReadModel(name="counting", version=2, projections=[Counts()])


@asynccontextmanager
async def traffic(store: EventStore) -> AsyncIterator[list[int]]:
    """Machines go in and out of maintenance until the block is left; the sequences of what was stored."""
    stored: list[int] = []
    over = asyncio.Event()

    async def one(vm: str) -> None:
        while not over.is_set():
            stored.append(await happened(store, vm, STARTED, ENDED))

    async with asyncio.TaskGroup() as group:
        for vm in ("a", "b", "c"):
            group.create_task(one(vm))
        try:
            yield stored
        finally:
            over.set()


async def altered(database_url: str, *statements: LiteralString) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def test_a_rebuild_under_traffic_takes_over_without_a_failed_query_and_with_the_same_rows(
    event_store: EventStore, database_url: str
) -> None:
    async with (
        projecting(event_store, database_url, MODEL) as one,
        projecting(event_store, database_url, MODEL) as another,
        open_pool(database_url, MODEL) as pool,
    ):
        assert await one.wait_for(await happened(event_store, "a", STARTED))
        seen = [0]

        async def ask() -> None:
            while True:
                async with pool.connection() as connection:
                    row = await (await connection.execute("SELECT count(*) AS events FROM seen")).fetchone()
                    assert row is not None
                    assert row["events"] >= seen[-1], "the read model never goes back in time"
                    seen.append(row["events"])

        async with traffic(event_store) as stored, asyncio.TaskGroup() as group:
            asking = group.create_task(ask())
            for _ in range(3):
                before = len(stored)
                assert (await compare(event_store, database_url, MODEL)).first is None
                built = await rebuild(event_store, database_url, MODEL)
                assert built.schema == "counting_v2"
                assert built.checkpoint > 0
                while len(stored) < before + 6:
                    await asyncio.sleep(0.01)
            asking.cancel()
        last = await happened(event_store, "a", STARTED)
        assert await one.wait_for(last, timeout=20), one.failure
        assert await another.wait_for(last, timeout=20), another.failure
        compared = await compare(event_store, database_url, MODEL)
        assert (compared.differences, compared.first) == (0, None)
        assert compared.rows == last + 3, "each event once, and three machines"
        assert [status.schema for status in await statuses(event_store, database_url, MODEL)] == ["counting_v2"]


async def test_a_rebuild_repairs_what_was_altered(event_store: EventStore, database_url: str) -> None:
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(await happened(event_store, "a", STARTED))
        await altered(database_url, "UPDATE counting_v2.counts SET times = 7")
        await rebuild(event_store, database_url, MODEL)
        assert await projector.wait_for(await happened(event_store, "a", ENDED, STARTED), timeout=10)
        assert (await compare(event_store, database_url, MODEL)).first is None
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        assert await (await connection.execute("SELECT times FROM counting_v2.counts")).fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("alteration", "sentence"),
    [
        (
            "UPDATE counting_v2.counts SET times = 7",
            'counts {"vm": "a"} differs from what follows from the log in times',
        ),
        (
            "DELETE FROM counting_v2.counts",
            'counts {"vm": "a"} follows from the log, but is missing in the read model',
        ),
        (
            "INSERT INTO counting_v2.counts VALUES ('z', 1)",
            'counts {"vm": "z"} stands in the read model, but does not follow from the log',
        ),
        (
            "INSERT INTO counting_v2.seen VALUES (1)",
            'seen {"sequence": 1} stands in the read model, but does not follow from the log',
        ),
        (
            "ALTER TABLE counting_v2.counts ADD COLUMN note text",
            "the table counts of counting_v2 has not the columns that this version gives it",
        ),
        (
            "UPDATE counting_v2.checkpoint SET sequence = 100",
            "counting_v2 has seen event 100, but the last one of its kind is 1",
        ),
    ],
)
async def test_a_comparison_says_what_differs_first(
    event_store: EventStore, database_url: str, alteration: LiteralString, sentence: str
) -> None:
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(await happened(event_store, "a", STARTED))
    await altered(database_url, alteration)
    compared = await compare(event_store, database_url, MODEL)
    assert (compared.differences, compared.first) == (1, sentence)


async def test_a_comparison_leaves_nothing_behind_and_takes_no_notice_of_what_comes_after(
    event_store: EventStore, database_url: str
) -> None:
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(await happened(event_store, "a", STARTED))
    await happened(event_store, "a", ENDED)
    assert await compare(event_store, database_url, MODEL) == Comparison(MODEL.schema, 1, tables=2, rows=2)
    assert [(status.schema, status.behind) for status in await statuses(event_store, database_url, MODEL)] == [
        ("counting_v2", 1)
    ]


async def test_pruning_drops_older_versions_but_never_what_a_projector_uses(
    event_store: EventStore, database_url: str
) -> None:
    older, oldest, newer = (replace(MODEL, version=version) for version in (1, 0, 3))
    last = await happened(event_store, "a", STARTED)
    for model in (oldest, newer, MODEL):
        async with projecting(event_store, database_url, model) as projector:
            assert await projector.wait_for(last)
    await altered(
        database_url, "CREATE SCHEMA counting_rebuild_v2", "CREATE SCHEMA counting", "CREATE SCHEMA xcounting_v1"
    )
    async with projecting(event_store, database_url, older) as running:
        assert await running.wait_for(last)
        found = {
            status.schema: (status.state, status.used)
            for status in await statuses(event_store, database_url, MODEL)
        }
        assert found == {
            "counting_v3": ("newer", False),
            "counting_v2": ("live", False),
            "counting_rebuild_v2": ("rebuild", False),
            "counting_v1": ("old", True),
            "counting_v0": ("old", False),
        }
        assert await prune(event_store, database_url, MODEL) == ["counting_rebuild_v2", "counting_v0"]
    assert await prune(event_store, database_url, MODEL) == ["counting_v1"]
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        left = await connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%counting%' ORDER BY 1"
        )
        assert [row[0] for row in await left.fetchall()] == [
            "counting",
            "counting_v2",
            "counting_v3",
            "xcounting_v1",
        ]


async def test_a_rebuild_that_cannot_be_done_leaves_the_live_read_model_alone(
    event_store: EventStore, database_url: str
) -> None:
    with pytest.raises(RebuildError, match="there is no counting_v2 to replace"):
        await rebuild(event_store, database_url, MODEL)
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(await happened(event_store, "a", STARTED))

        class Broken(Counts):
            async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
                raise ValueError("no such thing")

        with pytest.raises(RebuildError, match="no such thing"):
            await rebuild(event_store, database_url, replace(MODEL, projections=[Broken()]))
        assert projector.failure is None
        assert (await compare(event_store, database_url, MODEL)).first is None


async def test_a_read_model_to_which_nothing_has_happened_yet_is_compared_and_rebuilt_too(
    event_store: EventStore, database_url: str
) -> None:
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(0)
        assert await compare(event_store, database_url, MODEL) == Comparison(MODEL.schema, 0, tables=2, rows=0)
        assert await rebuild(event_store, database_url, MODEL) == Rebuilt(MODEL.schema, 0)
        assert await projector.wait_for(await happened(event_store, "a", STARTED))


async def test_a_query_that_began_before_the_swap_ends_as_it_began(
    event_store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcmp_eventstore.rebuild.DROPS_TRIED", 1)
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(await happened(event_store, "a", STARTED))
        async with opened(database_url) as reading, reading.transaction():
            before = await (await reading.execute("SELECT * FROM counting_v2.counts")).fetchall()
            await rebuild(event_store, database_url, MODEL)
            assert await (await reading.execute("SELECT * FROM counting_replaced_v2.counts")).fetchall() == before
        assert await prune(event_store, database_url, MODEL) == ["counting_replaced_v2"]


async def test_one_read_model_is_rebuilt_or_compared_by_one_at_a_time(
    event_store: EventStore, database_url: str
) -> None:
    async with projecting(event_store, database_url, MODEL) as projector:
        assert await projector.wait_for(await happened(event_store, "a", STARTED))
        async with opened(database_url) as somebody_else:
            await alone(somebody_else, MODEL)
            with pytest.raises(RebuildError, match="counting_v2 is being rebuilt or compared already"):
                await rebuild(event_store, database_url, MODEL)
            with pytest.raises(RebuildError, match="counting_v2 is being rebuilt or compared already"):
                await compare(event_store, database_url, MODEL)
        await rebuild(event_store, database_url, MODEL)


async def test_a_projector_that_is_to_stop_somewhere_stops_there(
    event_store: EventStore, database_url: str
) -> None:
    for _ in range(3):
        await happened(event_store, "a", STARTED)
    projector = Projector(event_store, database_url, MODEL, until=2)
    await asyncio.wait_for(projector.run(), 10)
    assert (projector.position, projector.failure) == (2, None)


def test_a_service_answers_for_its_own_read_model_with_one_line_of_json(
    nats_server: NatsServer, database_url: str
) -> None:
    environment = os.environ | {
        "HCMP_PORT": "0",
        "HCMP_NATS_URL": nats_server.url,
        "HCMP_NATS_USER": USER,
        "HCMP_NATS_PASSWORD": PASSWORD,
        "HCMP_DATABASE_URL": database_url,
        "HCMP_PUBLIC_URL": "http://hcmp.test",
    }

    def asked(task: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hcmp_terminal.read_model", task]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    status, rebuilding = asked("status"), asked("rebuild")
    assert (status.returncode, json.loads(status.stdout)) == (0, [])
    assert (rebuilding.returncode, rebuilding.stdout) == (1, "")
    assert rebuilding.stderr.splitlines()[-1].startswith("there is no terminal_v2 to replace")
