"""The write side: what is recorded of a terminal session."""

from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_terminal.domain.session import DECIDER, SessionCommand


async def record(store: EventStore, session_id: str, command: SessionCommand, context: Context) -> int:
    """Decide one command of one session and append what follows from it."""
    return await execute(store, [Decision(DECIDER, session_id, command)], context)
