"""Many who watch one log: one reader for all of them, no frame missing or twice, and nobody held by the slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client

from hcmp_contracts.logs import EndFrame, LineFrame
from hcmp_eventstore.logstream import Frame, log_end, open_log
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import LOGS
from hcmp_provisioner import live_log, log_channels
from hcmp_provisioner.live_log import LiveLog
from hcmp_testkit.history import eventually

TIME = datetime(2026, 11, 23, tzinfo=UTC)


class OneRun(LiveLog):
    """The log of a run that ends when the test says so."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self._channels = log_channels.Channels(store.client, self._over)
        self.finished = asyncio.Event()

    async def _over(self, project_id: str) -> int:
        await self.finished.wait()
        return (await log_end(self.store.client, project_id)).sequence

    async def _ended(self, project_id: str) -> live_log._End | None:
        if not self.finished.is_set():
            return None
        return live_log._End("completed", (await log_end(self.store.client, project_id)).sequence)


@pytest.fixture
async def run(broker: Client, event_store: EventStore) -> AsyncIterator[OneRun]:
    run = OneRun(event_store)
    yield run
    run.finished.set()


async def write(client: Client, chunks: int, *, lines: int = 3) -> None:
    writer = await open_log(client, "p")
    for _ in range(chunks):
        await writer.append([writer.number(LineFrame(seq=0, time=TIME, text="x")) for _ in range(lines)])


async def numbers(run: OneRun, after: int = 0) -> list[int | str]:
    """The numbers of all frames that one viewer gets, and the end."""
    async with asyncio.timeout(60), aclosing(run.follow("p", after=after)) as frames:
        return [frame.status if isinstance(frame, EndFrame) else frame.seq async for frame in frames]


async def readers(client: Client) -> int:
    """How many ask the broker for more of any log."""
    return sum(bool(info.num_waiting) for info in await client.jetstream().consumers_info(LOGS))


async def test_all_who_watch_a_log_share_one_reader_and_get_every_frame_once(broker: Client, run: OneRun) -> None:
    """Some come before the first line, some in the middle, some behind a frame that they have."""
    early = [asyncio.create_task(numbers(run)) for _ in range(20)]
    await write(broker, 5)
    late = [asyncio.create_task(numbers(run)) for _ in range(10)]
    again = [asyncio.create_task(numbers(run, after=7)) for _ in range(10)]
    await write(broker, 5)
    # Who came late has read the past by itself, and does so no more.
    await eventually(lambda: readers(broker), lambda count: count == 1, seconds=20)
    await write(broker, 5)
    run.finished.set()
    assert await asyncio.gather(*early, *late) == [[*range(1, 46), "completed"]] * 30
    assert await asyncio.gather(*again) == [[*range(8, 46), "completed"]] * 10


async def test_a_viewer_that_does_not_read_holds_nobody_and_misses_nothing(
    broker: Client, run: OneRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_channels, "KEPT_CHUNKS", 2)
    quick = asyncio.create_task(numbers(run))
    async with aclosing(run.follow("p")) as frames:
        await write(broker, 1)
        slow: list[Frame | EndFrame] = [await anext(frames)]
        await write(broker, 20)
        run.finished.set()
        assert await quick == [*range(1, 64), "completed"]
        slow += [frame async for frame in frames]
    assert [frame.seq for frame in slow if not isinstance(frame, EndFrame)] == list(range(1, 64))


async def test_when_the_last_viewer_has_gone_nothing_is_read_any_more(broker: Client, run: OneRun) -> None:
    async with aclosing(run.follow("p")) as frames:
        await write(broker, 1)
        await anext(frames)
        assert await readers(broker) >= 1
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    assert not {name for name in names if name.startswith("Channels.")}


async def test_who_comes_to_a_run_that_is_over_gets_all_and_the_end(broker: Client, run: OneRun) -> None:
    await write(broker, 3)
    run.finished.set()
    assert await numbers(run) == [*range(1, 10), "completed"]
