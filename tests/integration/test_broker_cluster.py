"""Three brokers, of which some die, hang or come back damaged: nothing acknowledged is lost, every append is
answered in time, and the log is written again without anybody's help.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from uuid_utils.compat import uuid7

from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.recorded import Context, read_recorded
from hcmp_eventstore.store import APPEND_SECONDS, EventStore, Write
from hcmp_eventstore.streams import EVENTS
from hcmp_testkit.history import eventually
from hcmp_testkit.nats import NatsServer, leader, make_leader, make_whole

# nats-py forgets the socket of an attempt to connect that timed out; the garbage collector closes it.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning")

CONTEXT = Context(actor="account/1", correlation_id="request-1")
STARTED = VmMaintenanceStarted(reason="disk")
WRITERS = 8
# What all may take beyond what is promised on a computer that does other things too.
BUSY_SECONDS = 5.0


@dataclass
class Traffic:
    """Writers that go on appending: what was acknowledged, and what became of the rest."""

    store: EventStore
    acknowledged: dict[str, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    longest: float = 0.0
    over: bool = False

    async def write(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.over:
            name, begun = uuid7().hex, loop.time()
            try:
                self.acknowledged[name] = await self.store.append([Write("vm", name, 0, [STARTED])], CONTEXT)
            except StoreUnavailableError:
                self.unknown.add(name)
            self.longest = max(self.longest, loop.time() - begun)

    async def more(self, count: int, *, seconds: float) -> None:
        """Wait for so many more acknowledgements."""
        wanted = len(self.acknowledged) + count
        await eventually(self._acknowledged, lambda seen: seen >= wanted, seconds)

    async def _acknowledged(self) -> int:
        return len(self.acknowledged)

    async def assert_nothing_lost(self, store: EventStore) -> None:
        for name, sequence in self.acknowledged.items():
            history = await store.load("vm", name, at_least=sequence)
            assert [recorded.sequence for recorded in history] == [sequence]
        for name in self.unknown:
            assert len(await store.load("vm", name)) <= 1


@asynccontextmanager
async def traffic(node: NatsServer) -> AsyncIterator[Traffic]:
    async with node.connect() as client:
        running = Traffic(EventStore(client, source="test"))
        writers = [asyncio.create_task(running.write()) for _ in range(WRITERS)]
        try:
            yield running
        finally:
            running.over = True
            await asyncio.gather(*writers)


Fault = Callable[[NatsServer], None]


@pytest.mark.parametrize("fault", [NatsServer.kill, NatsServer.pause], ids=["killed", "paused"])
@pytest.mark.parametrize("connected", ["to the leader", pytest.param("to another", marks=pytest.mark.long)])
async def test_a_leader_that_is_gone_costs_no_acknowledged_event_and_ten_seconds_at_most(
    whole_cluster: list[NatsServer], fault: Fault, connected: str
) -> None:
    led = await leader(whole_cluster)
    others = [node for node in whole_cluster if node is not led]
    async with traffic(led if connected == "to the leader" else others[0]) as running:
        await running.more(50, seconds=10)
        fault(led)
        await running.more(50, seconds=APPEND_SECONDS + 2 * BUSY_SECONDS)
        assert running.longest < APPEND_SECONDS + BUSY_SECONDS
    await make_whole(whole_cluster)
    async with led.connect() as client:
        await running.assert_nothing_lost(EventStore(client, source="test"))


async def test_all_brokers_killed_at_once_lose_nothing_that_was_acknowledged(
    whole_cluster: list[NatsServer],
) -> None:
    async with traffic(whole_cluster[0]) as running:
        await running.more(200, seconds=10)
        for node in whole_cluster:
            node.kill()
        for node in whole_cluster:
            node.start()
        await running.more(50, seconds=30)
    async with whole_cluster[1].connect() as client:
        await running.assert_nothing_lost(EventStore(client, source="test"))


async def answered(doing: Awaitable[object]) -> float:
    """How long it took to be told that the log is not available."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with pytest.raises(StoreUnavailableError):
        await doing
    return loop.time() - begun


@pytest.mark.parametrize(
    ("fault", "survivor"),
    [
        pytest.param(NatsServer.kill, "the leader", id="killed, but the leader"),
        pytest.param(NatsServer.pause, "another", id="paused, the leader too"),
        pytest.param(NatsServer.kill, "another", id="killed, the leader too", marks=pytest.mark.long),
        pytest.param(NatsServer.pause, "the leader", id="paused, but the leader", marks=pytest.mark.long),
    ],
)
async def test_with_two_of_three_gone_reads_go_on_writes_are_refused_at_once_and_all_recovers_by_itself(
    whole_cluster: list[NatsServer], fault: Fault, survivor: str
) -> None:
    led = await leader(whole_cluster)
    others = [node for node in whole_cluster if node is not led]
    left = led if survivor == "the leader" else others[0]
    name = uuid7().hex
    async with left.connect() as client:
        store = EventStore(client, source="test")
        version = await store.append([Write("vm", name, 0, [STARTED])], CONTEXT)
        for node in whole_cluster:
            if node is not left:
                fault(node)
        writes = [Write("vm", uuid7().hex, 0, [STARTED]) for _ in range(5)]
        took = [await answered(store.append([write], CONTEXT)) for write in writes]
        took.append(await answered(store.append(writes, CONTEXT)))
        assert max(took) < 2.0 + BUSY_SECONDS, took
        assert [recorded.sequence for recorded in await store.load("vm", name)] == [version]

        await make_whole(whole_cluster)
        await store.append([Write("vm", name, version, [STARTED])], CONTEXT)
        for write in writes:
            assert len(await store.load("vm", write.aggregate_id)) <= 1


async def test_a_replica_whose_file_was_damaged_is_healed_by_the_others(whole_cluster: list[NatsServer]) -> None:
    """One byte in the middle: alone that broker would drop all that follows it and say nothing."""
    led = await leader(whole_cluster)
    hurt = next(node for node in whole_cluster if node is not led)
    names = [uuid7().hex for _ in range(300)]
    async with led.connect() as client:
        store = EventStore(client, source="test")
        appending = (store.append([Write("vm", name, 0, [STARTED])], CONTEXT) for name in names)
        sequences = await asyncio.gather(*appending)
    hurt.stop()
    damage(hurt)
    await make_whole(whole_cluster)
    await make_leader(hurt)
    async with hurt.connect() as client:
        for name, sequence in zip(names, sequences, strict=True):
            # Not a direct get, which any replica answers: the leader reads its own file.
            stored = await client.jetstream().get_msg(EVENTS, sequence)
            recorded = read_recorded(sequence, stored.data or b"")
            assert (recorded.aggregate_id, recorded.event) == (name, STARTED)


def damage(node: NatsServer) -> None:
    """Turn a bit in the middle of the events that this broker keeps."""
    [*_, block] = sorted((node.directory / node.name).rglob("EVENTS/msgs/*.blk"))
    content = bytearray(block.read_bytes())
    content[len(content) // 2] ^= 1
    block.write_bytes(content)
