"""The archive on real servers: every event once, in order, and every way in which a log can be another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig
from prometheus_client import REGISTRY
from psycopg.conninfo import make_conninfo

from hcmp_archive.adapters.entries import open_entries
from hcmp_archive.copying import Copier
from hcmp_archive.main import build
from hcmp_archive.proof import Proof, prove
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.nats import PASSWORD, USER, NatsServer, single_server
from hcmp_testkit.older_store import older_store
from hcmp_webkit.settings import ServiceSettings

TABLE = Path(__file__).parents[2] / "deploy" / "postgres" / "archive.sql"
STARTED, ENDED = VmMaintenanceStarted(reason="disk"), VmMaintenanceEnded()


@pytest.fixture
def archive_url(database_url: str) -> str:
    """A database with the archive's table, as its own role sees it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'archive'").fetchone():
            connection.execute("CREATE ROLE archive")
        connection.execute(TABLE.read_bytes())
        connection.execute(TABLE.read_bytes())  # it may run again, at every start of an installation
    return make_conninfo(database_url, options="-c role=archive")


@asynccontextmanager
async def copying(client: Client, archive_url: str) -> AsyncIterator[Copier]:
    copier = Copier(client, archive_url)
    task = asyncio.create_task(copier.run())
    try:
        yield copier
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def reached(copier: Copier, sequence: int) -> None:
    async def position() -> int:
        assert copier.failure is None
        return copier.position

    await eventually(position, lambda now: now >= sequence, seconds=20)


async def stopped(copier: Copier) -> str:
    async def failure() -> str | None:
        return copier.failure

    return str(await eventually(failure, lambda reason: reason is not None, seconds=20))


async def proof(client: Client, archive_url: str) -> Proof:
    async with open_entries(archive_url) as entries:
        return await prove(client, entries)


async def test_every_event_is_copied_once_whatever_it_is_and_however_many_copy(
    event_store: EventStore, broker: Client, archive_url: str
) -> None:
    for number in range(40):
        await happened(event_store, f"vm-{number % 3}", STARTED, ENDED)
    await broker.jetstream().publish("hcmp.vm.z.exploded", b"\xff\x00 no envelope, no JSON, no UTF-8")
    async with copying(broker, archive_url) as one, copying(broker, archive_url) as another:
        last = await happened(event_store, "vm-0", STARTED)
        await reached(one, last)
        await reached(another, last)
        assert one.caught_up
    found = await proof(broker, archive_url)
    assert (found.events, found.sequence, found.behind, found.first) == (82, 82, 0, None)
    async with await psycopg.AsyncConnection.connect(archive_url) as connection:
        rows = await (await connection.execute("SELECT id, time, subject FROM archive.event")).fetchall()
    history = await event_store.load("vm", "vm-0")
    written = {(event.envelope.id, event.envelope.time, event.envelope.subject) for event in history}
    assert set(rows) >= written
    assert (None, None, "hcmp.vm.z.exploded") in rows


async def test_a_copy_that_is_killed_at_any_moment_goes_on_at_its_newest_entry(
    event_store: EventStore, broker: Client, archive_url: str
) -> None:
    last = 0
    for round_ in range(6):
        async with copying(broker, archive_url):
            last = await happened(event_store, "a", *[STARTED, ENDED] * 20)
            await asyncio.sleep(0.01 * round_)
    async with copying(broker, archive_url) as copier:
        await reached(copier, last)
    assert (await proof(broker, archive_url)).first is None


async def test_the_archives_role_can_neither_change_nor_remove_what_it_wrote(
    event_store: EventStore, broker: Client, archive_url: str
) -> None:
    async with copying(broker, archive_url) as copier:
        await reached(copier, await happened(event_store, "a", STARTED))
    statements: tuple[LiteralString, ...] = (
        "UPDATE archive.event SET data = ''",
        "DELETE FROM archive.event",
        "TRUNCATE archive.event",
        "ALTER TABLE archive.event DROP COLUMN id",
        "DROP TABLE archive.event",
        "CREATE TABLE archive.mine (id int)",
    )
    async with await psycopg.AsyncConnection.connect(archive_url, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
        # PostgreSQL only warns that one cannot give oneself what one has no right to give.
        await connection.execute("GRANT DELETE ON archive.event TO archive")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("DELETE FROM archive.event")


@pytest.mark.parametrize(
    ("alteration", "differences", "sentence"),
    [
        (
            "UPDATE archive.event SET data = '{}' WHERE sequence = 2",
            3,
            "entry 2 of the archive was altered: its hash does not follow from it",
        ),
        (
            "UPDATE archive.event SET hash = decode(repeat('00', 32), 'hex') WHERE sequence = 2",
            2,
            "entry 2 of the archive was altered: its hash does not follow from it",
        ),
        (
            "UPDATE archive.event SET time = time - interval '1 day' WHERE sequence = 2",
            1,
            "id and time of entry 2 of the archive are not those of its event",
        ),
        ("DELETE FROM archive.event WHERE sequence = 2", 3, "the archive holds entry 3 where entry 2 must stand"),
        (
            "DELETE FROM archive.event WHERE sequence = 1",
            3,
            "the archive holds entry 2 where entry 1 must stand",
        ),
    ],
    ids=["data", "hash", "label", "removed", "first removed"],
)
async def test_a_proof_says_what_was_altered_first(  # noqa: PLR0917 - fixtures, and the row of a table
    event_store: EventStore,
    broker: Client,
    archive_url: str,
    database_url: str,
    alteration: LiteralString,
    differences: int,
    sentence: str,
) -> None:
    async with copying(broker, archive_url) as copier:
        await reached(copier, await happened(event_store, "a", STARTED, ENDED, STARTED, ENDED))
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as administrator:
        await administrator.execute(alteration)
    found = await proof(broker, archive_url)
    assert (found.first, found.differences) == (sentence, differences)


async def test_a_proof_says_what_the_archive_has_not_copied_yet(
    event_store: EventStore, broker: Client, archive_url: str
) -> None:
    await happened(event_store, "a", STARTED, ENDED)
    assert await proof(broker, archive_url) == Proof(behind=2)
    async with copying(broker, archive_url) as copier:
        await reached(copier, 2)
    await happened(event_store, "a", STARTED)
    found = await proof(broker, archive_url)
    assert replace(found, hash="") == Proof(events=2, sequence=2, hash="", behind=1)


async def test_a_running_archive_stops_when_the_broker_comes_back_without_events_that_it_has(
    nats_server: NatsServer, archive_url: str
) -> None:
    settings = ServiceSettings(
        port=0,
        nats_url=nats_server.url,
        nats_user=USER,
        nats_password=PASSWORD,
        database_url=archive_url,
        public_url="http://hcmp.test",
    )
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        await happened(store, "a", STARTED)
        app = build(settings)
        async with app.router.lifespan_context(app):

            async def missing() -> dict[str, str]:
                found: dict[str, str] = await app.state.readiness.failures()
                return found

            async with older_store(nats_server, client):
                await happened(store, "a", ENDED, STARTED)
                await eventually(missing, lambda found: not found, seconds=20)
                assert (await proof(client, archive_url)).first is None
            red = await eventually(
                missing, lambda found: "the log ends at 1" in found.get("archive", ""), seconds=20
            )
            assert "the archive has seen event 3" in red["archive"]
            assert REGISTRY.get_sample_value("hcmp_archive_stopped") == 1
        found = await proof(client, archive_url)
        assert found.first == "the log ends at event 1, but the archive holds event 3"
        assert found.differences == 1


async def test_a_log_that_was_set_back_and_has_grown_since_is_known_by_its_newest_event(
    nats_server: NatsServer, archive_url: str
) -> None:
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        await happened(store, "a", STARTED)
        async with older_store(nats_server, client), copying(client, archive_url) as copier:
            await reached(copier, await happened(store, "a", ENDED, STARTED))
        other = EventStore(client, source="another service, which does not know what was lost")
        await happened(other, "b", STARTED, ENDED, STARTED)
        async with copying(client, archive_url) as copier:
            assert "event 3 of the log is not the one that was archived" in await stopped(copier)
        found = await proof(client, archive_url)
        assert (found.differences, found.first) == (2, "event 2 is another one in the log than in the archive")


async def test_an_event_that_the_log_has_lost_stops_the_archive_wherever_it_stood(
    tmp_path: Path, archive_url: str
) -> None:
    server = single_server(tmp_path)
    server.start()
    try:
        async with server.connect() as client:
            await client.jetstream().add_stream(
                StreamConfig(name="EVENTS", subjects=["hcmp.vm.*.*"], allow_direct=True)
            )
            store = EventStore(client, source="test")
            await happened(store, "a", STARTED)
            await happened(store, "b", STARTED)
            await happened(store, "c", STARTED)
            async with copying(client, archive_url) as copier:
                await reached(copier, 3)
            await client.jetstream().delete_msg("EVENTS", 2)
            async with copying(client, archive_url) as copier:
                assert "the log has numbered 3 events, but holds 2" in await stopped(copier)
            found = await proof(client, archive_url)
            assert (found.differences, found.first) == (1, "event 2 is in the archive, but no longer in the log")
    finally:
        server.kill()
