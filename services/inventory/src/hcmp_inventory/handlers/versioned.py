"""Commands on the version of an aggregate that the caller has seen (If-Match), or on whatever it is now."""

from typing import Any

from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore


class ChangedMeanwhileError(Exception):
    """It is no longer the version that the caller had seen."""


async def execute_on(
    store: EventStore, decision: Decision[Any, Any, Any], context: Context, *, seen: int | None
) -> int:
    """As `execute`; with `seen` only while the aggregate is of that version. Raises ChangedMeanwhileError."""
    if seen is None:
        return await execute(store, [decision], context)
    current = await load(store, decision.decider, decision.aggregate_id)
    if seen != current.version:
        raise ChangedMeanwhileError
    write = decision.on(current)
    if not write.events:
        return current.version
    try:
        return await store.append([write], context)
    except ConcurrencyError as conflict:
        raise ChangedMeanwhileError from conflict
