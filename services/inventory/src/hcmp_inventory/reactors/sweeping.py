"""Sweeps over the whole pool, again and again, by one copy of the service at a time: the time itself is the
event.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context
from hcmp_inventory.ports.services import Exclusive

log = structlog.get_logger(__name__)

# Between two sweeps at least, however long one takes.
SHORTEST_PAUSE = 1.0


@dataclass(frozen=True)
class Sweeping:
    """`sweep` returns how many machines it has seen to. `seconds` lie between the beginnings of two sweeps, and
    before the first one: what starts together with the service has that time to start.
    """

    name: str
    sweep: Callable[[Context], Awaitable[int]]
    seconds: float
    exclusive: Exclusive
    projector: Projector
    new_id: Callable[[], UUID]

    async def run(self) -> None:
        """For ever. A sweep that fails is followed by the next one all the same."""
        await self.projector.prepared()
        pause = self.seconds
        while True:
            try:
                # Held through the pause too, so that of several copies one sweeps, and one only as often.
                async with self.exclusive(f"sweep/{self.name}"):
                    await asyncio.sleep(pause)
                    pause = max(SHORTEST_PAUSE, self.seconds - await self._once())
            except Exception:
                log.exception("sweep_failed", sweep=self.name)
                await asyncio.sleep(SHORTEST_PAUSE)
                pause = self.seconds

    async def _once(self) -> float:
        """How long it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        context = Context(actor="service/inventory", correlation_id=str(self.new_id()))
        machines = await self.sweep(context)
        took = loop.time() - began
        log.info("swept", sweep=self.name, machines=machines, seconds=round(took, 2))
        return took
