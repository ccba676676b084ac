"""The sessions that somebody has open: seen, and ended one by one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hcmp_auth.domain.session import OpenSession
from hcmp_auth.handlers.errors import InvalidCredentialsError, SessionNotFoundError
from hcmp_auth.handlers.history import read_history
from hcmp_auth.handlers.session_ends import SessionEnds
from hcmp_auth.handlers.sign_in import SignIn
from hcmp_auth.ports import Sessions
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore


@dataclass(frozen=True)
class OwnSessions:
    store: EventStore
    sessions: Sessions
    ends: SessionEnds
    sign_in: SignIn
    clock: Callable[[], datetime]

    async def of(self, account_id: str) -> list[OpenSession]:
        """Those that go on, the newest first: one that the log has ended may still have its row."""
        account = await read_history(self.store, account_id)
        found = await self.sessions.of_account(account_id, self.clock())
        return [session for session in found if account.sustains(session.account_version)]

    async def end(self, account_id: str, session_id: str, password: str, context: Context) -> None:
        """For its owner, who says their password again: whoever only has a token ends nobody else's session.

        Raises InvalidCredentialsError, SessionNotFoundError, TooManyAttemptsError.
        """
        if not await self.sign_in.verify_password(account_id, password):
            raise InvalidCredentialsError
        if session_id not in (session.id for session in await self.of(account_id)):
            raise SessionNotFoundError
        await self.ends.record(session_id, account_id, "ended-by-owner", context)
        await self.sessions.end(session_id)
