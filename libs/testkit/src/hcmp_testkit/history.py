"""What happened before a test begins, and waiting for what must follow."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write

T = TypeVar("T")

SOMEBODY = "account/somebody"


async def happened(
    store: EventStore, aggregate_id: str, *events: DomainEvent, actor: str = SOMEBODY, correlation: str = "test"
) -> int:
    """Append these events to one aggregate, whatever stands there already; the last one's sequence."""
    aggregate = events[0].aggregate()
    history = await store.load(aggregate, aggregate_id)
    version = history[-1].sequence if history else 0
    return await store.append([Write(aggregate, aggregate_id, version, events)], Context(actor, correlation))


async def eventually(look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], seconds: float = 5.0) -> T:
    """Look again and again until it is as wanted; AssertionError with what was seen last."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        seen = await look()
        if wanted(seen):
            return seen
        assert asyncio.get_running_loop().time() < deadline, f"still {seen!r}"
        await asyncio.sleep(0.02)
