"""A projector far behind reads by a process of its own: it misses nothing, and leaves no process."""

import asyncio
import os
import signal
import sys
from contextlib import aclosing

import psutil
import pytest
from nats.aio.client import Client

from hcmp_eventstore import projector as projectors
from hcmp_eventstore.catching_up import FRAME_EVENTS, read_stretch
from hcmp_eventstore.pull import ConsumerLostError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import EVENTS
from hcmp_testkit.counting import STARTED, projecting, put, rows
from hcmp_testkit.history import eventually
from hcmp_testkit.nats import PASSWORD, USER, NatsServer

CONTEXT = Context(actor="service/test", correlation_id="test")
READER = """
import asyncio, sys
from hcmp_eventstore.catching_up import read_stretch
from hcmp_eventstore.connection import connect

async def main():
    url, user, password, stream = sys.argv[1:]
    async with connect(url, name="test", user=user, password=password) as client:
        async for _ in read_stretch(client, stream=stream, after=0, until=1_000_000):
            print("read", flush=True)

asyncio.run(main())
"""


def readers(parent: int | None = None) -> list[psutil.Process]:
    children = psutil.Process(parent).children()
    return [child for child in children if "hcmp_eventstore.catching_up" in child.cmdline()]


async def put_frame(store: EventStore, vm: str) -> int:
    """As many events as are handed over at once; the last one's sequence."""
    half = [STARTED] * (FRAME_EVENTS // 2)
    return await store.append([Write("vm", f"{vm}-{name}", 0, half) for name in "ab"], CONTEXT)


async def sequences(client: Client, *, after: int, until: int) -> list[int]:
    async with aclosing(read_stretch(client, stream=EVENTS, after=after, until=until)) as batches:
        return [message.sequence async for batch in batches for message in batch]


async def test_a_stretch_is_read_whole_and_in_order_and_nothing_beyond_it(
    broker: Client, event_store: EventStore
) -> None:
    last = await put(event_store, "a", 30)
    assert await sequences(broker, after=last - 20, until=last - 5) == list(range(last - 19, last - 4))
    assert readers() == []


async def test_a_projector_far_behind_applies_each_event_once_and_then_what_comes(
    event_store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projectors, "FAR_BEHIND", 10)
    await put(event_store, "a", 30)
    async with projecting(event_store, database_url) as projector:
        assert await projector.wait_for(await put(event_store, "b", 2), timeout=20)
    assert await rows(database_url) == {"a": 30, "b": 2}


async def test_a_reading_process_that_is_killed_is_noticed(broker: Client, event_store: EventStore) -> None:
    last = await put_frame(event_store, "a")
    async with aclosing(read_stretch(broker, stream=EVENTS, after=0, until=last + 1)) as batches:
        await anext(batches)
        [reader] = readers()
        reader.kill()
        with pytest.raises(ConsumerLostError):
            await anext(batches)


async def test_a_reading_process_ends_with_the_one_that_wanted_it(
    nats_server: NatsServer, event_store: EventStore
) -> None:
    await put_frame(event_store, "a")
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READER, nats_server.url, USER, PASSWORD, EVENTS, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"read\n"
    [reader] = readers(parent.pid)
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    await put_frame(event_store, "b")  # which it cannot tell anybody

    async def lives() -> bool:
        return bool(reader.is_running() and reader.status() != psutil.STATUS_ZOMBIE)

    await eventually(lives, lambda alive: not alive, seconds=10)
