"""The log of a run as it is written: lines and steps in order, in few messages, never lost, never twice."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from nats.aio.client import Client

from hcmp_contracts.logs import LineFrame, StepFrame, StepStatus
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.logstream import Frame, LogWriter, open_log

FLUSH_SECONDS = 0.05
FULL_FRAMES = 200
# A message of the broker holds 1,000,000 bytes; a character takes up to 6 of them in JSON.
FULL_CHARACTERS = 150_000
FRAME_CHARACTERS = 40


class RunLog:
    """A frame is stored at once, or FLUSH_SECONDS after what was stored before it together with all that came
    meanwhile. `still_mine` raises when another worker has the run.
    """

    def __init__(
        self,
        client: Client,
        project_id: str,
        *,
        clock: Callable[[], datetime],
        still_mine: Callable[[], Awaitable[object]],
    ) -> None:
        self._client = client
        self._project_id = project_id
        self._clock = clock
        self._still_mine = still_mine
        self._writer: LogWriter | None = None
        self._waiting: list[Frame] = []
        self._characters = 0
        self._flushing = asyncio.Lock()
        self._finished = asyncio.Event()
        self._something_to_do = asyncio.Event()

    async def line(self, text: str, *, vm: str | None = None) -> None:
        await self._add(LineFrame(seq=0, time=self._clock(), vm=vm, text=text), len(text))

    async def step(self, number: int, name: str, status: StepStatus) -> None:
        await self._add(StepFrame(seq=0, number=number, name=name, status=status), len(name))

    async def flush(self) -> int:
        """Store what waits and return the sequence of the log's last frame."""
        async with self._flushing:
            writer = self._writer or await self._open()
            while self._waiting:
                writer = await self._store(writer)
            return writer.sequence

    async def keep_flushing(self) -> None:
        """Flush what comes until `finish`. Not to be cancelled: what is being stored would be lost."""
        while not self._finished.is_set():
            await self._something_to_do.wait()
            self._something_to_do.clear()
            await self._flush_what_waits()
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._finished.wait()
        await self._flush_what_waits()

    def finish(self) -> None:
        self._finished.set()
        self._something_to_do.set()

    async def _flush_what_waits(self) -> None:
        if self._waiting:
            await self.flush()

    async def _add(self, frame: Frame, characters: int) -> None:
        if self._waiting and self._characters + characters > FULL_CHARACTERS:
            await self.flush()
        self._waiting.append(frame)
        self._characters += characters + FRAME_CHARACTERS
        self._something_to_do.set()
        if len(self._waiting) >= FULL_FRAMES:
            await self.flush()

    async def _store(self, writer: LogWriter) -> LogWriter:
        """Store everything that waits now. When a worker that has lost the run wrote a last line meanwhile,
        go on behind it.
        """
        frames, self._waiting, self._characters = self._waiting, [], 0
        try:
            await writer.append([writer.number(frame) for frame in frames])
        except ConcurrencyError:
            await self._still_mine()
            writer = await self._open()
            await writer.append([writer.number(frame) for frame in frames])
        return writer

    async def _open(self) -> LogWriter:
        self._writer = await open_log(self._client, self._project_id)
        return self._writer
