"""Server-sent events that hold nothing back: each reader asks the read model at its own pace.

Nothing waits in memory for a slow reader; one that does not read at all is let go.
Source of the format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hcmp_monitor.api.entries import entry
from hcmp_monitor.api.parts import Parts
from hcmp_monitor.projections.feed import Entry, Filters, after
from hcmp_webkit.identity import Identity, Principal
from hcmp_webkit.sockets import send_bounded

BATCH = 100
KEEPALIVE_SECONDS = 15.0
KEEPALIVE = b": still here\n\n"
RETRY = b"retry: 2000\n\n"

Frames = AsyncGenerator[bytes, None]


async def live(monitor: Parts, filters: Filters, *, after_sequence: int) -> Frames:
    """The entries behind a sequence and then each new one, as frames, for ever."""
    position = after_sequence

    async def newer() -> Sequence[Entry] | None:
        return await after(monitor.pool, filters, sequence=position, limit=BATCH) or None

    yield RETRY
    while True:
        entries = await monitor.projector.watch(newer, timeout=KEEPALIVE_SECONDS)
        if entries is None:
            yield KEEPALIVE
            continue
        for row in entries:
            yield f"id: {row.sequence}\nevent: activity\ndata: {entry(row).model_dump_json()}\n\n".encode()
        position = entries[-1].sequence


class EventStream(Response):
    """Sends frames until the reader leaves or stalls, its session ends, or `seconds` have passed."""

    media_type = "text/event-stream"

    def __init__(
        self, frames: Frames, *, principal: Principal, identity: Identity, counter: Counter[str], seconds: float
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._frames = frames
        self._principal = principal
        self._identity = identity
        self._counter = counter
        self._seconds = max(0.0, seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        account = self._principal.account_id
        self._counter[account] += 1
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        revoking = asyncio.create_task(self._identity.until_revoked(self._principal))
        tasks = [sending, leaving, revoking]
        try:
            done, _ = await asyncio.wait(tasks, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._counter[account] -= 1
        if not done & {sending, leaving}:
            # The session is over, the reader is still there: a whole answer tells it to come back.
            await send_bounded(send({"type": "http.response.body", "body": b"", "more_body": False}))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._frames) as frames:
            async for frame in frames:
                await send_bounded(send({"type": "http.response.body", "body": frame, "more_body": True}))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
