"""Sweeps over the whole pool, again and again, by one copy of the service at a time: the time itself is the
event. Where a provider tells that something happened, it is the event, and the time only the safety net.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import structlog

from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context
from hcmp_inventory.ports.provider import Announcing, ProviderError
from hcmp_inventory.ports.services import Exclusive

log = structlog.get_logger(__name__)

# Between two sweeps at least, however long one takes.
SHORTEST_PAUSE = 1.0
# What happens together (one machine stops, a dozen are removed) is looked at together.
SETTLE_SECONDS = 0.2
LISTEN_AGAIN_SECONDS = 5.0


async def wake_on_changes(provider: Announcing, wake: asyncio.Event) -> None:
    """Set `wake` whenever the provider tells of a change, and when it is heard again after it was not: what
    happened meanwhile nobody told. For ever.
    """
    heard_before = False
    while True:
        try:
            async with aclosing(provider.changes()) as changes:
                async for _ in changes:
                    if heard_before:
                        wake.set()
                    heard_before = True
        except ProviderError as failure:
            log.warning("provider_not_heard", reason=str(failure))
        await asyncio.sleep(LISTEN_AGAIN_SECONDS)


@dataclass(frozen=True)
class Sweeping:
    """`sweep` returns how many machines it has seen to. `seconds` lie between the beginnings of two sweeps, and
    before the first one: what starts together with the service has that time to start. `wake` brings the next one
    forward.
    """

    name: str
    sweep: Callable[[Context], Awaitable[int]]
    seconds: float
    exclusive: Exclusive
    projector: Projector
    new_id: Callable[[], UUID]
    wake: asyncio.Event | None = None

    async def run(self) -> None:
        """For ever. A sweep that fails is followed by the next one all the same."""
        await self.projector.prepared()
        pause = self.seconds
        while True:
            try:
                # Held through the pause too, so that of several copies one sweeps, and one only as often.
                async with self.exclusive(f"sweep/{self.name}"):
                    await self._rest(pause)
                    pause = max(SHORTEST_PAUSE, self.seconds - await self._once())
            except Exception:
                log.exception("sweep_failed", sweep=self.name)
                await asyncio.sleep(SHORTEST_PAUSE)
                pause = self.seconds

    async def _rest(self, pause: float) -> None:
        """Until it is time, or until it is woken and what happened is over."""
        await asyncio.sleep(min(pause, SHORTEST_PAUSE))
        if self.wake is None:
            await asyncio.sleep(max(0.0, pause - SHORTEST_PAUSE))
            return
        try:
            async with asyncio.timeout(max(0.0, pause - SHORTEST_PAUSE)):
                await self.wake.wait()
        except TimeoutError:
            return
        await asyncio.sleep(SETTLE_SECONDS)
        self.wake.clear()

    async def _once(self) -> float:
        """How long it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        context = Context(actor="service/inventory", correlation_id=str(self.new_id()))
        machines = await self.sweep(context)
        took = loop.time() - began
        log.info("swept", sweep=self.name, machines=machines, seconds=round(took, 2))
        return took
