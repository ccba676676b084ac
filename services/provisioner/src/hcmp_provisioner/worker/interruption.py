"""Why what a worker is doing must stop: heard from whoever watches it, and told to whoever does it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Interruption:
    """The first reason to stop; later ones change nothing."""

    def __init__(self) -> None:
        self.reason: Exception | None = None
        self._came = asyncio.Event()
        self._stop: Callable[[], None] | None = None

    async def guard(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do it; whatever goes wrong in it interrupts."""
        try:
            await doing
        except Exception as reason:  # noqa: BLE001 - kept, and raised by `check` once everything has stopped
            self.reason = self.reason or reason
            self._came.set()
            if self._stop is not None:
                self._stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """While inside, an interruption calls `stop`; one that came before calls it at once."""
        self._stop = stop
        if self.reason is not None:
            stop()
        try:
            yield
        finally:
            self._stop = None

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until interrupted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._came.wait()

    def check(self) -> None:
        """Raise the reason, if there is one."""
        if self.reason is not None:
            raise self.reason
