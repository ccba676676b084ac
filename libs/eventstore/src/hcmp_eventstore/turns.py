"""Turns: commands of one process for the same aggregate are decided one after another.

It only spares work: a hundred that are decided at once on one version are ninety-nine refused appends. What
decides between processes, and in the end always, is the version in the log (ADR 0002).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Whose turn it is, by name. A name that nobody waits for is forgotten."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Wait until nobody else is inside under any of these names, the first come first."""
        held: list[asyncio.Lock] = []
        try:
            for name in sorted(set(names)):  # in one order, so that two never wait for each other
                lock = self._locks.get(name) or asyncio.Lock()
                self._locks[name] = lock
                await lock.acquire()
                held.append(lock)
            yield
        finally:
            for lock in held:
                lock.release()
