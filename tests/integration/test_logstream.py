"""A project's log on a real broker: numbered without gap or repeat, fenced, live from anywhere."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client

from hcmp_contracts.logs import LineFrame, StepFrame
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.logstream import Frame, LogWriter, open_log, read_log
from hcmp_eventstore.streams import LOGS

TIME = datetime(2026, 11, 23, tzinfo=UTC)


def lines(writer: LogWriter, count: int) -> list[Frame]:
    return [writer.number(LineFrame(seq=0, time=TIME, text=f"line {n}")) for n in range(count)]


async def read(client: Client, count: int, after: int = 0) -> list[Frame]:
    frames: list[Frame] = []
    async with asyncio.timeout(10), aclosing(read_log(client, "p", after=after)) as log:
        async for frame in log:
            frames.append(frame)
            if len(frames) == count:
                break
    return frames


async def test_frames_are_read_as_written_with_consecutive_numbers(broker: Client) -> None:
    writer = await open_log(broker, "p")
    written = [*lines(writer, 450), writer.number(StepFrame(seq=0, number=1, name="Prepare", status="running"))]
    await writer.append(written)
    assert await read(broker, 451) == written
    assert [frame.seq for frame in written] == list(range(1, 452))


async def test_a_viewer_goes_on_behind_the_frame_it_has(broker: Client) -> None:
    writer = await open_log(broker, "p")
    await writer.append(lines(writer, 300))
    assert [frame.seq for frame in await read(broker, 50, after=250)] == list(range(251, 301))


async def test_live_frames_follow_the_replayed_ones(broker: Client) -> None:
    writer = await open_log(broker, "p")
    await writer.append(lines(writer, 10))
    reading = asyncio.create_task(read(broker, 20))
    await asyncio.sleep(0.3)
    await writer.append(lines(writer, 10))
    assert [frame.seq for frame in await reading] == list(range(1, 21))


async def test_the_next_worker_continues_the_numbers(broker: Client) -> None:
    first = await open_log(broker, "p")
    await first.append(lines(first, 5))
    second = await open_log(broker, "p")
    await second.append(lines(second, 5))
    assert [frame.seq for frame in await read(broker, 10)] == list(range(1, 11))


async def test_a_worker_that_was_cut_off_cannot_write_any_more(broker: Client) -> None:
    first = await open_log(broker, "p")
    await first.append(lines(first, 1))
    second = await open_log(broker, "p")
    await second.append(lines(second, 1))
    with pytest.raises(ConcurrencyError):
        await first.append(lines(first, 1))
    assert len(await read(broker, 2)) == 2


async def test_a_worker_whose_log_was_emptied_is_told_so(broker: Client) -> None:
    writer = await open_log(broker, "p")
    await writer.append(lines(writer, 3))
    await broker.jetstream().purge_stream(LOGS)
    with pytest.raises(ConcurrencyError):
        await writer.append(lines(writer, 1))
