"""A link that swallows everything for a while and then works again, between a service and its broker or its
database: nothing is lost or done twice, nobody waits for ever, and nothing is left behind.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.connection import connect
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.projector import Pool, open_pool
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_testkit.counting import MODEL, checkpoint, projecting, put, rows
from hcmp_testkit.history import eventually
from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_testkit.postgres import PostgresServer
from hcmp_testkit.proxy import Proxy

# How long the link is dead, and how soon after it everything must have been read.
HOLES = [pytest.param(12.0, id="12 s"), pytest.param(30.0, id="30 s", marks=pytest.mark.long)]
CAUGHT_UP_SECONDS = 10.0
# The watchdogs of a client and of a pull request, which look only now and then.
SETTLED_SECONDS = 15.0


def tasks_and_descriptors() -> tuple[int, int]:
    gc.collect()
    return len(asyncio.all_tasks()), psutil.Process().num_fds()


@asynccontextmanager
async def reacting(store: EventStore, handled: list[int]) -> AsyncIterator[None]:
    async def handle(recorded: Recorded[DomainEvent]) -> None:
        handled.append(recorded.sequence)

    subjects = ["hcmp.vm.*.maintenance-started"]
    reactor = Reactor(store.client, "test", "reaction", subjects, handle, slots=2)
    task = asyncio.create_task(reactor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def cut(link: Proxy, *, seconds: float) -> AsyncIterator[None]:
    """Nothing passes while inside, and for so long."""
    end = asyncio.get_running_loop().time() + seconds
    link.black_hole()
    yield
    await asyncio.sleep(end - asyncio.get_running_loop().time())
    link.restore()


async def assert_settles(before: tuple[int, int]) -> None:
    """No task and no descriptor more than before."""

    async def now() -> tuple[int, int]:
        return tasks_and_descriptors()

    await eventually(now, lambda seen: seen[0] <= before[0] and seen[1] <= before[1], SETTLED_SECONDS)


# nats-py forgets the socket of an attempt to connect that timed out; the garbage collector closes it.
@pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning")
@pytest.mark.parametrize("hole", HOLES)
async def test_after_a_black_hole_before_the_broker_all_is_read_and_nothing_is_left_behind(
    nats_server: NatsServer, database_url: str, hole: float
) -> None:
    handled: list[int] = []
    async with (
        Proxy(nats_server.port) as link,
        connect(f"nats://127.0.0.1:{link.port}", name="test", user=USER, password=PASSWORD) as client,
        nats_server.connect("other") as healthy,
    ):
        cut_off, other = EventStore(client, source="test"), EventStore(healthy, source="other")
        async with projecting(cut_off, database_url) as projector, reacting(cut_off, handled):
            await put(cut_off, "a", 4)
            assert await projector.wait_for(await put(other, "a"))
            before = tasks_and_descriptors()
            async with cut(link, seconds=hole):
                with pytest.raises(StoreUnavailableError):
                    await put(cut_off, "b")
                last = await put(other, "a", 20)
            assert await projector.wait_for(last, timeout=CAUGHT_UP_SECONDS)
            last = await put(cut_off, "a")
            assert await projector.wait_for(last)

            async def seen() -> int:
                return len(set(handled))

            await eventually(seen, lambda count: count >= 26, CAUGHT_UP_SECONDS)
            await assert_settles(before)
    counted = await rows(database_url)
    assert counted.pop("b", 1) == 1  # its outcome was unknown
    assert counted == {"a": 26}


@pytest.mark.parametrize("hole", HOLES)
async def test_after_a_black_hole_before_the_database_all_is_applied_once_and_nothing_is_left_behind(
    event_store: EventStore, own_postgres: PostgresServer, hole: float
) -> None:
    async with Proxy(own_postgres.port) as link:
        behind = own_postgres.url.replace(str(own_postgres.port), str(link.port))
        async with projecting(event_store, behind) as projector, open_pool(behind, MODEL) as pool:
            assert await projector.wait_for(await put(event_store, "a", 5))
            await ask(pool)
            before = tasks_and_descriptors()
            async with cut(link, seconds=hole):
                last = await put(event_store, "a", 20)
                asking = asyncio.create_task(ask(pool))
                assert not await projector.wait_for(last, timeout=1)
            assert await projector.wait_for(last, timeout=CAUGHT_UP_SECONDS)
            async with asyncio.timeout(CAUGHT_UP_SECONDS):
                await asyncio.gather(asking, return_exceptions=True)
                await ask(pool)
            await assert_settles(before)
    assert await rows(own_postgres.url) == {"a": 25}
    assert await checkpoint(own_postgres.url) == last


async def ask(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute("SELECT FROM counts")
