"""Telling everybody that a session is over: its access tokens and sockets end with what the log says."""

from contextlib import suppress
from dataclasses import dataclass

from hcmp_contracts.session import SessionEnded, SessionEnding
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write


@dataclass(frozen=True)
class SessionEnds:
    store: EventStore

    async def record(self, session_id: str, account_id: str, reason: SessionEnding, context: Context) -> None:
        """Once for each session, whoever ends it first. Raises what `EventStore.append` raises otherwise."""
        ended = SessionEnded(account_id=account_id, reason=reason)
        with suppress(ConcurrencyError):  # it is over already
            await self.store.append([Write(ended.aggregate(), session_id, 0, [ended])], context)
