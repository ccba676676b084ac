"""Reading a stream in order: nothing waits for what has not come yet, and nothing is skipped."""

import asyncio
from contextlib import aclosing

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig

from hcmp_eventstore.pull import Puller
from hcmp_eventstore.reader import BATCH, read_batches
from hcmp_eventstore.streams import LOGS
from hcmp_testkit.nats import NatsServer


async def put(client: Client, first: int, count: int) -> None:
    for number in range(first, first + count):
        await client.jetstream().publish("hcmp.log.p", str(number).encode())


async def read(client: Client, count: int, after: int = 0) -> list[int]:
    seen: list[int] = []
    batches = read_batches(client, stream=LOGS, subjects=["hcmp.log.p"], after=after)
    async with asyncio.timeout(20), aclosing(batches):
        async for batch in batches:
            assert 1 <= len(batch) <= BATCH
            seen.extend(int(message.data) for message in batch)
            if len(seen) >= count:
                return seen
    return seen


async def test_more_than_one_batch_arrives_whole_and_in_order(broker: Client) -> None:
    await put(broker, 1, 1200)
    assert await read(broker, 1200) == list(range(1, 1201))
    assert await read(broker, 200, after=1000) == list(range(1001, 1201))


async def test_messages_above_what_may_wait_unread_arrive_all_the_same(broker: Client) -> None:
    for _ in range(12):
        await broker.jetstream().publish("hcmp.log.p", b"7".rjust(900_000))
    assert len(await read(broker, 12)) == 12


async def test_a_message_does_not_wait_for_the_next_one_behind_a_heartbeat(broker: Client) -> None:
    """A heartbeat that lies behind a message in the queue is no reason to wait for another message."""
    async with Puller(broker, stream=LOGS, consumer="none", batch=10) as puller:
        heartbeat = Msg(_client=broker, headers={"Status": "100"})
        line = Msg(_client=broker, data=b"1")
        for arrived in (line, heartbeat):
            await puller._arrived.put(arrived)
        puller._outstanding = 10
        assert await puller.next() is line
        assert puller.next_arrived() is None


async def test_one_message_at_a_time_is_never_two(broker: Client) -> None:
    """What the broker says behind the last message of a request is no reason to ask twice for the next one."""
    await put(broker, 1, 5)
    config = ConsumerConfig(durable_name="one", ack_policy=AckPolicy.EXPLICIT)
    await broker.jetstream().add_consumer(LOGS, config)
    async with Puller(broker, stream=LOGS, consumer="one", batch=1) as puller:
        for taken in range(1, 5):
            message = await puller.next()
            await asyncio.sleep(0.1)
            assert (await broker.jetstream().consumer_info(LOGS, "one")).num_ack_pending == 1, taken
            await message.ack()
            await asyncio.sleep(0.1)


async def test_reading_goes_on_where_it_was_after_the_broker_was_killed(nats_server: NatsServer) -> None:
    async with nats_server.connect() as client:
        await put(client, 1, 5)
        reading = asyncio.create_task(read(client, 10))
        await asyncio.sleep(0.3)
        nats_server.kill()
        async with asyncio.timeout(10):
            while client.is_connected:
                await asyncio.sleep(0.01)
            nats_server.start()
            while not client.is_connected:
                await asyncio.sleep(0.01)
        await put(client, 6, 5)
        assert await reading == list(range(1, 11))


async def test_a_reader_that_ends_without_a_connection_leaves_no_subscription_behind(
    nats_server: NatsServer,
) -> None:
    async with nats_server.connect() as client:
        before = len(client._subs)
        async with Puller(client, stream=LOGS, consumer="none", batch=1):
            nats_server.kill()
            async with asyncio.timeout(10):
                while client.is_connected:
                    await asyncio.sleep(0.01)
        nats_server.start()
        async with asyncio.timeout(10):
            while not client.is_connected:
                await asyncio.sleep(0.01)
        assert len(client._subs) == before
