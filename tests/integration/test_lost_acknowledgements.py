"""An append whose acknowledgement the network lost: resolved by reading back, never stored twice, never a false
conflict; on one broker and on three.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore import store as store_module
from hcmp_eventstore.connection import connect
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_testkit.proxy import Proxy, To

CONTEXT = Context(actor="account/1", correlation_id="request-1")
STARTED = VmMaintenanceStarted(reason="disk")
ENDED = VmMaintenanceEnded()


@pytest.fixture(params=["one broker", "three brokers"])
def brokers(request: pytest.FixtureRequest) -> list[NatsServer]:
    if request.param == "one broker":
        return [request.getfixturevalue("nats_server")]
    nodes: list[NatsServer] = request.getfixturevalue("nats_cluster")
    return nodes


@pytest.fixture
async def link(brokers: list[NatsServer], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The network between this service and its broker."""
    monkeypatch.setattr(store_module, "ACK_SECONDS", 0.5)
    async with Proxy(brokers[0].port) as link:
        yield link


@pytest.fixture
async def store(link: Proxy) -> AsyncIterator[EventStore]:
    async with connect(f"nats://127.0.0.1:{link.port}", name="test", user=USER, password=PASSWORD) as client:
        yield EventStore(client, source="test")


@pytest.fixture
async def other(brokers: list[NatsServer]) -> AsyncIterator[EventStore]:
    """A service whose link is whole."""
    async with brokers[-1].connect("other") as client:
        yield EventStore(client, source="other")


def of_one(first: str, _: str) -> list[Write]:
    return [Write("vm", first, 0, [STARTED])]


def of_one_aggregate(first: str, _: str) -> list[Write]:
    return [Write("vm", first, 0, [STARTED, ENDED, STARTED])]


def of_two_aggregates(first: str, second: str) -> list[Write]:
    return [Write("vm", second, 0, [STARTED, ENDED]), Write("vm", first, 0, [STARTED])]


@pytest.mark.parametrize("append", [of_one, of_one_aggregate, of_two_aggregates])
async def test_what_was_stored_but_not_acknowledged_is_found_and_stored_once(
    link: Proxy, store: EventStore, other: EventStore, append: Any
) -> None:
    first, second = uuid7().hex, uuid7().hex
    writes = append(first, second)
    link.lose_answer_to(b"Nats-Msg-Id")
    appending = asyncio.create_task(store.append(writes, CONTEXT))
    async with asyncio.timeout(5):
        await link.trapped.wait()
    link.reset()
    link.restore()
    sequence = await appending
    for write in writes:
        history = await other.load(
            "vm", write.aggregate_id, at_least=sequence if write is writes[-1] else sequence - 1
        )
        assert [recorded.event for recorded in history] == write.events
    assert (await other.load("vm", writes[-1].aggregate_id, at_least=sequence))[-1].sequence == sequence


async def test_a_write_of_another_service_on_top_does_not_hide_ones_own(
    link: Proxy, store: EventStore, other: EventStore
) -> None:
    """The append stands; until its writer asks again, the aggregate has moved on."""
    name = uuid7().hex
    link.lose_answer_to(b"Nats-Msg-Id")
    appending = asyncio.create_task(store.append([Write("vm", name, 0, [STARTED, ENDED])], CONTEXT))
    async with asyncio.timeout(5):
        await link.trapped.wait()
        while len(history := await other.load("vm", name)) < 2:
            await asyncio.sleep(0.01)
    newest = await other.append([Write("vm", name, history[-1].sequence, [STARTED])], CONTEXT)
    link.restore()
    link.reset()
    assert await appending == history[-1].sequence
    assert len(await other.load("vm", name, at_least=newest)) == 3


async def test_an_append_that_never_arrived_gives_way_to_another_services(
    link: Proxy, store: EventStore, other: EventStore
) -> None:
    name = uuid7().hex
    link.black_hole(To.SERVER)
    appending = asyncio.create_task(store.append([Write("vm", name, 0, [ENDED])], CONTEXT))
    await asyncio.sleep(0.1)
    sequence = await other.append([Write("vm", name, 0, [STARTED])], CONTEXT)
    link.reset()
    link.restore()
    with pytest.raises(ConcurrencyError):
        await appending
    assert [recorded.event for recorded in await other.load("vm", name, at_least=sequence)] == [STARTED]


async def test_answers_that_come_too_late_do_not_store_an_event_twice(
    link: Proxy, store: EventStore, other: EventStore
) -> None:
    """Every try waits longer for its answer than the store does; the link then hastens."""
    name = uuid7().hex
    link.delay = 0.4  # a way; both make 0.8 s
    appending = asyncio.create_task(store.append([Write("vm", name, 0, [STARTED])], CONTEXT))
    await asyncio.sleep(1.2)
    link.delay = 0.0
    sequence = await appending
    assert [recorded.sequence for recorded in await other.load("vm", name, at_least=sequence)] == [sequence]


async def test_a_link_that_is_closed_on_one_side_only_is_left_for_a_new_one(
    link: Proxy, store: EventStore, other: EventStore
) -> None:
    name = uuid7().hex
    link.half_close(To.CLIENT)
    sequence = await store.append([Write("vm", name, 0, [STARTED])], CONTEXT)
    assert [recorded.sequence for recorded in await other.load("vm", name, at_least=sequence)] == [sequence]
