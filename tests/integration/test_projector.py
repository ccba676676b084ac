"""The projector on real servers: rows and checkpoint move together, and nothing is skipped."""

import asyncio
from typing import ClassVar

import psycopg
import pytest
from nats.aio.client import Client
from prometheus_client import REGISTRY

from hcmp_contracts.account import AccountApproved
from hcmp_contracts.envelope import CloudEvent
from hcmp_contracts.vm import VmMaintenanceEnded
from hcmp_eventstore.errors import WritesRefusedError
from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_testkit.counting import Counts, projecting, put, rows
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.older_store import older_store

CONTEXT = Context(actor="account/1", correlation_id="request-1")


async def test_events_before_and_after_the_start_are_applied_once(
    event_store: EventStore, database_url: str
) -> None:
    await put(event_store, "a", 3)
    async with projecting(event_store, database_url) as projector:
        last = await put(event_store, "b", 2)
        assert await projector.wait_for(last)
        assert projector.caught_up
    assert await rows(database_url) == {"a": 3, "b": 2}


async def test_a_projector_goes_on_at_its_checkpoint(event_store: EventStore, database_url: str) -> None:
    async with projecting(event_store, database_url) as projector:
        assert await projector.wait_for(await put(event_store, "a", 3))
    last = await put(event_store, "a", 2)
    async with projecting(event_store, database_url) as projector:
        assert await projector.wait_for(last)
    assert await rows(database_url) == {"a": 5}


async def test_two_copies_of_a_projector_apply_each_event_once(event_store: EventStore, database_url: str) -> None:
    async with (
        projecting(event_store, database_url) as one,
        projecting(event_store, database_url) as other,
    ):
        last = await put(event_store, "a", 40)
        assert await one.wait_for(last, timeout=20)
        assert await other.wait_for(last, timeout=20)
    assert await rows(database_url) == {"a": 40}


async def test_a_new_version_builds_itself_beside_the_old_one(event_store: EventStore, database_url: str) -> None:
    last = await put(event_store, "a", 4)
    newer = ReadModel(name="counting", version=2, projections=[Counts()])
    async with (
        projecting(event_store, database_url) as old,
        projecting(event_store, database_url, newer) as new,
    ):
        assert await old.wait_for(last)
        assert await new.wait_for(last)
    assert await rows(database_url, "counting_v1") == await rows(database_url, "counting_v2")


async def test_an_unknown_event_stops_the_projector_where_it_stands(
    event_store: EventStore, broker: Client, database_url: str
) -> None:
    before = await put(event_store, "a")
    envelope = CloudEvent(
        id="1", source="test", type="hcmp.vm.exploded.v1", subject="hcmp.vm.z.exploded",
        time="2026-11-23T10:00:00Z", actor="x", correlationid="y", data={},
    )  # fmt: skip
    await broker.jetstream().publish("hcmp.vm.z.exploded", envelope.model_dump_json().encode())
    after = await put(event_store, "b")
    async with projecting(event_store, database_url) as projector:
        assert not await projector.wait_for(after, timeout=1.5)
        assert "hcmp.vm.exploded.v1" in str(projector.failure)
        assert not projector.caught_up
        assert projector.position <= before
    assert "b" not in await rows(database_url)


async def test_a_poison_event_stops_the_read_model_that_consumes_it_and_no_other(
    event_store: EventStore, broker: Client, database_url: str
) -> None:
    class Accounts(Counts):
        subjects: ClassVar = ["hcmp.account.>"]

    def is_stopped(schema: str) -> float | None:
        return REGISTRY.get_sample_value("hcmp_projector_stopped", {"projector": schema})

    other = ReadModel(name="others", version=1, projections=[Accounts()])
    async with (
        projecting(event_store, database_url) as poisoned,
        projecting(event_store, database_url, other) as healthy,
    ):
        assert await poisoned.wait_for(await put(event_store, "a"))
        await broker.jetstream().publish("hcmp.vm.z.reserved", b"neither JSON nor an envelope")
        last = await event_store.append([Write("account", "b", 0, [AccountApproved()])], CONTEXT)
        assert await healthy.wait_for(last)
        async with asyncio.timeout(10):
            while poisoned.failure is None:
                await asyncio.sleep(0.01)
        assert (is_stopped("counting_v1"), is_stopped("others_v1")) == (1, 0)
        assert (poisoned.caught_up, healthy.caught_up, healthy.failure) == (False, True, None)
    assert await rows(database_url) == {"a": 1}


async def test_a_running_projector_notices_that_the_broker_came_back_on_an_older_store(
    nats_server: NatsServer, database_url: str
) -> None:
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        await put(store, "a")
        async with projecting(store, database_url) as projector:
            async with older_store(nats_server, client):
                assert await projector.wait_for(await put(store, "a", 2), timeout=20)
            with pytest.raises(WritesRefusedError, match="the log ends at 1"):
                await put(store, "a")
            async with asyncio.timeout(20):
                while projector.failure is None:
                    await asyncio.sleep(0.01)
            assert "counting_v1 has seen event 3" in projector.failure
        assert (await client.jetstream().stream_info("EVENTS")).state.last_seq == 1


async def test_a_projector_notices_at_its_start_that_the_log_was_set_back_and_has_grown_since(
    nats_server: NatsServer, database_url: str
) -> None:
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        await put(store, "a")
        async with older_store(nats_server, client), projecting(store, database_url) as projector:
            assert await projector.wait_for(await put(store, "a", 2), timeout=20)
        await put(EventStore(client, source="a service that does not know what was lost"), "b", 5)
        started_anew = EventStore(client, source="test")
        async with projecting(started_anew, database_url) as projector:
            async with asyncio.timeout(10):
                while projector.failure is None:
                    await asyncio.sleep(0.01)
            assert "event 3 of the log is not the one that counting_v1 has seen" in projector.failure
            with pytest.raises(WritesRefusedError, match="event 3 of the log is not the one"):
                await put(started_anew, "a")
    assert await rows(database_url) == {"a": 3}, "nothing was applied from the other log"


async def test_a_read_model_of_before_its_last_event_was_kept_goes_on(
    event_store: EventStore, database_url: str
) -> None:
    async with projecting(event_store, database_url) as projector:
        assert await projector.wait_for(await put(event_store, "a", 3))
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(
            "ALTER TABLE counting_v1.checkpoint DROP COLUMN event_id, DROP COLUMN event_sequence"
        )
    async with projecting(event_store, database_url) as projector:
        assert await projector.wait_for(await put(event_store, "a", 2))
    assert await rows(database_url) == {"a": 5}


async def test_a_checkpoint_ahead_of_the_log_stops_and_blocks_writes(
    nats_server: NatsServer, database_url: str
) -> None:
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        async with projecting(store, database_url) as projector:
            assert await projector.wait_for(await put(store, "a", 3))
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            await connection.execute("UPDATE counting_v1.checkpoint SET sequence = 100")
        async with projecting(store, database_url) as projector:
            async with asyncio.timeout(5):
                while projector.failure is None:
                    await asyncio.sleep(0.01)
            assert "100" in projector.failure
            with pytest.raises(Exception, match="has seen event 100"):
                await put(store, "a")


async def test_a_projector_survives_a_broker_and_a_database_that_go_away(
    nats_server: NatsServer, database_url: str, postgres_url: str
) -> None:
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        async with projecting(store, database_url) as projector:
            assert await projector.wait_for(await put(store, "a", 2))
            nats_server.kill()
            await asyncio.sleep(1)
            nats_server.start()
            async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'"
                )
            async with asyncio.timeout(20):
                while not client.is_connected:
                    await asyncio.sleep(0.05)
            assert await projector.wait_for(await put(store, "a", 3), timeout=20)
    assert await rows(database_url) == {"a": 5}


async def test_watch_answers_as_soon_as_the_read_model_does(event_store: EventStore, database_url: str) -> None:
    async with projecting(event_store, database_url) as projector:

        async def seen_twice() -> bool | None:
            return (await rows(database_url)).get("a", 0) >= 2 or None

        async def never() -> bool | None:
            return None

        assert await projector.wait_for(await put(event_store, "a"))
        watching = asyncio.create_task(projector.watch(seen_twice, timeout=5))
        await event_store.append([Write("vm", "b", 0, [VmMaintenanceEnded()])], CONTEXT)
        await put(event_store, "a")
        assert await watching is True
        assert await projector.watch(never, timeout=0.1) is None
