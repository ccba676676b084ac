"""Somebody at the gateway who does not give up: what is away for a moment is asked again, with the same key."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from hcmp_testkit.gateway import Person

# What a gateway says of a service that is away, and a service of a broker or database that is.
AWAY = (502, 503, 504)
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Persistent:
    """Calls that end with an answer, whatever is killed meanwhile."""

    person: Person
    seconds: float = 90

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The first answer that is one."""
        async with asyncio.timeout(self.seconds):
            while True:
                try:
                    answer = await self.person.http.request(method, path, json=body, headers=headers)
                    if answer.status_code not in AWAY:
                        return answer
                except httpx.TransportError:
                    pass  # nobody answered: whether it was done is not known
                await asyncio.sleep(PAUSE_SECONDS)

    async def until(self, path: str, wanted: Callable[[Any], bool]) -> Any:
        """The JSON of a GET once it is as wanted; AssertionError with what was seen last."""
        seen: Any = None
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    answer = await self.ask("GET", path)
                    seen = answer.json()
                    if answer.status_code == 200 and wanted(seen):
                        return seen
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            raise AssertionError(f"GET {path} still says {seen!r}") from None
