"""One reader of a running project's log for all who watch it: the newest frames, kept once, and the run's end.

Who watches has only a place in the log. A slow one falls behind what is kept here, reads on from the stream by
itself, and holds nobody else.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client

from hcmp_eventstore.logstream import Frame, log_end, read_chunks

# A chunk holds what was printed within a moment, at most some 200 frames.
KEPT_CHUNKS = 20
# How long the last frames of a run that is over may take from the stream to here.
LAST_FRAMES_SECONDS = 10.0


class Channel:
    """The live end of one project's log."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.over = False
        self.failure: BaseException | None = None
        self.last = 0
        self._kept: deque[Sequence[Frame]] = deque(maxlen=KEPT_CHUNKS)
        self._moved = asyncio.Event()

    def begin_behind(self, last: int) -> None:
        """Frames up to number `last` are in the stream; those behind it come here."""
        self.last = last
        self.ready.set()

    def add(self, frames: Sequence[Frame]) -> None:
        self._kept.append(frames)
        self.last = frames[-1].seq
        self._notify()

    def end(self, failure: BaseException | None) -> None:
        """Nothing more comes: the run is over, or reading has failed."""
        self.over = True
        self.failure = failure
        self.ready.set()
        self._notify()

    @property
    def oldest(self) -> int:
        """The number of the first frame that is kept, or that will be."""
        return self._kept[0][0].seq if self._kept else self.last + 1

    def behind(self, sent: int) -> list[Frame]:
        """The kept frames behind number `sent`."""
        return [frame for chunk in self._kept if chunk[-1].seq > sent for frame in chunk if frame.seq > sent]

    async def moves(self) -> None:
        """Wait until there is more, or the end."""
        if not self.over:
            await self._moved.wait()

    async def reaches(self, last: int) -> None:
        """Wait until frame number `last` has come."""
        while self.last < last:
            await self.moves()

    def _notify(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass
class _Shared:
    channel: Channel
    task: asyncio.Task[None]
    viewers: int = 0


@dataclass
class Channels:
    """The channels that somebody watches, one a project.

    `until_over` returns when the project's run is over, with the number of its last frame.
    """

    client: Client
    until_over: Callable[[str], Awaitable[int]]
    _shared: dict[str, _Shared] = field(default_factory=dict)

    @asynccontextmanager
    async def watch(self, project_id: str) -> AsyncIterator[Channel]:
        """The project's channel, read while anybody watches it. Who comes when it is over gets another."""
        shared = self._shared.get(project_id)
        if shared is None or shared.channel.over:
            channel = Channel()
            shared = _Shared(channel, asyncio.create_task(self._run(project_id, channel)))
            self._shared[project_id] = shared
        shared.viewers += 1
        try:
            await shared.channel.ready.wait()
            yield shared.channel
        finally:
            shared.viewers -= 1
            if shared.viewers == 0:
                if self._shared.get(project_id) is shared:
                    del self._shared[project_id]
                shared.task.cancel()
                await asyncio.wait({shared.task})

    async def _run(self, project_id: str, channel: Channel) -> None:
        tasks = {
            asyncio.create_task(self._read(project_id, channel)),
            asyncio.create_task(self._until_all_is_here(project_id, channel)),
        }
        failure: BaseException | None = None
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            failure = next((error for task in done if (error := task.exception())), None)
        finally:
            channel.end(failure)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _read(self, project_id: str, channel: Channel) -> None:
        end = await log_end(self.client, project_id)
        channel.begin_behind(end.sequence)
        async with aclosing(read_chunks(self.client, project_id, behind=end.version)) as chunks:
            async for frames in chunks:
                channel.add(frames)

    async def _until_all_is_here(self, project_id: str, channel: Channel) -> None:
        """The run's end is told by the event log, its last frames by another stream: they may come later."""
        last = await self.until_over(project_id)
        try:
            async with asyncio.timeout(LAST_FRAMES_SECONDS):
                await channel.reaches(last)
        except TimeoutError:
            return  # whoever watches looks for them in the stream
