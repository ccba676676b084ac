"""A broker whose disk is full: it says so, what is stored stays readable, and nothing acknowledged is lost."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore import store as store_module
from hcmp_eventstore.errors import StoreFullError, StoreUnavailableError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import LOGS
from hcmp_testkit.disk import SmallDisk, small_disk
from hcmp_testkit.nats import NatsServer, single_server

CONTEXT = Context(actor="account/1", correlation_id="request-1")
LONG = VmMaintenanceStarted(reason="disk " * 2000)


@pytest.fixture
async def disk() -> AsyncIterator[SmallDisk]:
    with small_disk(megabytes=6) as disk:
        yield disk


@pytest.fixture
async def server(disk: SmallDisk) -> AsyncIterator[NatsServer]:
    server = single_server(disk.path)
    server.start()
    await server.prepare()
    yield server
    server.kill()


async def append(store: EventStore, number: int) -> int:
    return await store.append([Write("vm", str(number), 0, [LONG])], CONTEXT)


async def write_lines_for_ever(client: Client) -> None:
    while True:
        await client.jetstream().publish("hcmp.log.p", b"x" * 100_000)


async def append_until_it_fails(store: EventStore, *, first: int) -> int:
    """The number of the one that failed."""
    for number in count(first):
        try:
            await append(store, number)
        except StoreUnavailableError:
            return number
    raise AssertionError("unreachable")


async def assert_stored(client: Client, expected: int) -> None:
    store = EventStore(client, source="test")
    for number in range(expected):
        assert [recorded.event for recorded in await store.load("vm", str(number))] == [LONG]


async def test_a_broker_at_its_limit_refuses_and_takes_events_again_when_there_is_room(server: NatsServer) -> None:
    async with server.connect() as client:
        store = EventStore(client, source="test")
        for number in range(20):
            await append(store, number)
        with pytest.raises(APIError, match="insufficient resources"):
            await write_lines_for_ever(client)
        with pytest.raises(StoreFullError):
            await append(store, 20)
        with pytest.raises(StoreFullError):
            await store.append([Write("vm", "20", 0, [LONG]), Write("vm", "21", 0, [LONG])], CONTEXT)
        await assert_stored(client, 20)
        await client.jetstream().purge_stream(LOGS)
        await append(store, 20)
        await assert_stored(client, 21)


async def test_a_disk_that_others_filled_is_an_outage_until_the_broker_is_started_again_with_room(
    server: NatsServer, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker does not answer then, and from then on: it does not try its file again."""
    monkeypatch.setattr(store_module, "APPEND_SECONDS", 3.0)
    async with server.connect() as client:
        store = EventStore(client, source="test")
        for number in range(20):
            await append(store, number)
        disk.fill()
        stored = await append_until_it_fails(store, first=20)
        await assert_stored(client, stored)
        assert not server.healthy()
        disk.make_room()
    server.kill()
    server.start()
    async with server.connect() as client:
        await assert_stored(client, stored)
        store = EventStore(client, source="test")
        history = await store.load("vm", str(stored))
        assert len(history) <= 1  # its outcome was unknown
        await store.append([Write("vm", str(stored), history[-1].sequence if history else 0, [LONG])], CONTEXT)
