"""A project's history as its owner reads it: what happened to it, and the machines it waited for and was granted.

Both are aggregates of one id. What was granted tells a run how to reach each machine, and holds the ciphertext of
its credential: none of that is for people.
"""

from typing import Any

from hcmp_contracts.allocation import AllocationGranted
from hcmp_contracts.envelope import CloudEvent, DomainEvent
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore

AGGREGATES = ("project", "allocation")
TOLD_OF_A_MACHINE = {"vm_id", "name", "address", "role"}


async def history(store: EventStore, project_id: str) -> list[CloudEvent]:
    """Oldest first, by their places in the log. Raises StoreUnavailableError."""
    found = [recorded for aggregate in AGGREGATES for recorded in await store.load(aggregate, project_id)]
    return [told(recorded) for recorded in sorted(found, key=lambda recorded: recorded.sequence)]


def told(recorded: Recorded[DomainEvent]) -> CloudEvent:
    """The event as it stands in the log, but for how a machine is reached."""
    match recorded.event:
        case AllocationGranted(machines=machines):
            shown: list[dict[str, Any]] = [machine.model_dump(include=TOLD_OF_A_MACHINE) for machine in machines]
            return recorded.envelope.model_copy(update={"data": recorded.envelope.data | {"machines": shown}})
        case _:
            return recorded.envelope
