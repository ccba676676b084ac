"""A project's log as a reader follows it: from the beginning or behind a frame, then live, then its end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from hcmp_contracts.logs import EndFrame, LineFrame, StepFrame
from hcmp_eventstore.logstream import Frame, open_log, read_log
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.log_channels import Channels
from hcmp_provisioner.projections.project_view import FINAL, ProjectView, project

WATCH_SECONDS = 3600.0
STORED_SECONDS = 10.0

_MARKS = {"completed": "::COMPLETED::", "failed": "::FAILED::", "cancelled": "::CANCELLED::"}


class LiveLog:
    """The logs of all projects. Those who watch one project that runs share one reader (`log_channels`)."""

    def __init__(self, store: EventStore, projector: Projector, pool: Pool) -> None:
        self.store = store
        self.projector = projector
        self.pool = pool
        self._channels = Channels(store.client, self._over)

    async def follow(self, project_id: str, *, after: int = 0) -> AsyncGenerator[Frame | EndFrame, None]:
        """Yield the frames behind `after` as they come, and the end once the run is over and all of it
        was yielded. Waits while the project waits; a retried project's new frames follow its old ones.
        """
        sent = after
        while (end := await self._ended(project_id)) is None or sent < end.last:
            frames = self._live(project_id, sent) if end is None else self._up_to(project_id, sent, end.last)
            async with aclosing(frames):
                async for frame in frames:
                    yield frame
                    sent = frame.seq
        yield EndFrame(status=end.status)

    async def whole(self, project_id: str) -> AsyncIterator[Frame]:
        """Yield all frames stored so far."""
        last = (await open_log(self.store.client, project_id)).sequence
        if last > 0:
            async with aclosing(self._up_to(project_id, 0, last)) as frames:
                async for frame in frames:
                    yield frame

    async def _up_to(self, project_id: str, after: int, last: int) -> AsyncGenerator[Frame, None]:
        """Yield the frames behind `after` up to `last`, which is stored; fewer when a reset empties the log."""
        async with aclosing(read_log(self.store.client, project_id, after=after)) as frames:
            while after < last:
                try:
                    async with asyncio.timeout(STORED_SECONDS):
                        frame = await anext(frames)
                except TimeoutError:
                    return
                yield frame
                after = frame.seq

    async def _live(self, project_id: str, after: int) -> AsyncGenerator[Frame, None]:
        """Yield the frames behind `after` as they come, until the run is over; what is older than the channel
        comes from the stream.
        """
        async with self._channels.watch(project_id) as channel:
            while True:
                if after + 1 < channel.oldest:
                    async with aclosing(self._up_to(project_id, after, channel.oldest - 1)) as frames:
                        async for frame in frames:
                            yield frame
                            after = frame.seq
                    if channel.over:
                        return
                elif newer := channel.behind(after):
                    for frame in newer:
                        yield frame
                        after = frame.seq
                elif channel.failure is not None:
                    raise channel.failure
                elif channel.over:
                    return
                else:
                    await channel.moves()

    async def _over(self, project_id: str) -> int:
        """Wait until the project's final event is known; the number of the last frame."""
        view = await self._final(project_id)
        return view.log_sequence or 0

    async def _final(self, project_id: str) -> ProjectView:
        async def ended() -> ProjectView | None:
            view = await project(self.pool, project_id)
            return view if view is not None and view.status in FINAL else None

        while (view := await self.projector.watch(ended, WATCH_SECONDS)) is None:
            continue
        return view

    async def _ended(self, project_id: str) -> "_End | None":
        """The end of the log as it is now, when nothing more will be written."""
        view = await project(self.pool, project_id)
        if view is None or view.status not in FINAL:
            return None
        # Frames that have expired do not come any more: whoever waited for them would wait for ever.
        stored = (await open_log(self.store.client, project_id)).sequence
        return _End(view.status, stored if view.log_sequence is None else min(stored, view.log_sequence))


@dataclass(frozen=True)
class _End:
    status: str
    last: int


def as_text(frame: Frame | EndFrame) -> str | None:
    """A frame as a bare line or a marker; None when there is nothing to say."""
    match frame:
        case LineFrame(text=text):
            return text
        case StepFrame(number=number, status="succeeded"):
            return f"::STEP_{number}_OK::"
        case StepFrame(number=number, status="failed"):
            return f"::STEP_{number}_FAILED::"
        case StepFrame():
            return None
        case EndFrame(status=status):
            return _MARKS.get(status, f"::{status.upper()}::")
