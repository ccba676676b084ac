"""An account as the log tells it, with what only the log knows: which password counts, and since when sessions."""

from dataclasses import dataclass

from hcmp_auth.domain.account import ACCOUNT, Account, Active, Registered, Unknown
from hcmp_contracts.account import (
    AccountPasswordChanged,
    AccountRegistered,
    AccountSessionsRevoked,
    AccountSuspended,
)
from hcmp_eventstore.store import EventStore

_NAMES_CREDENTIAL = (AccountRegistered, AccountPasswordChanged)
_ENDS_SESSIONS = (AccountSuspended, AccountPasswordChanged, AccountSessionsRevoked)


@dataclass(frozen=True)
class AccountHistory:
    """`credential_id` is the cause that the last registration or change of password names: the stored hash
    that was offered for it. So the log alone decides which hash counts, and neither is without the other.

    `sessions_end` is the sequence of the last event that ended every session before it.
    """

    state: Account
    version: int
    credential_id: str | None
    sessions_end: int

    @property
    def registered(self) -> Registered | None:
        return None if isinstance(self.state, Unknown) else self.state

    def sustains(self, session_version: int) -> bool:
        """Whether a session that was begun on this version of the account still stands."""
        return isinstance(self.state, Active) and session_version >= self.sessions_end


async def read_history(store: EventStore, account_id: str) -> AccountHistory:
    history = await store.load(ACCOUNT.aggregate, account_id)
    credential_id = None
    sessions_end = 0
    state = ACCOUNT.initial
    for recorded in history:
        state = ACCOUNT.evolve(state, recorded.event)  # type: ignore[arg-type] # the subject says so
        if isinstance(recorded.event, _NAMES_CREDENTIAL):
            credential_id = recorded.envelope.causationid
        if isinstance(recorded.event, _ENDS_SESSIONS):
            sessions_end = recorded.sequence
    version = history[-1].sequence if history else 0
    return AccountHistory(state=state, version=version, credential_id=credential_id, sessions_end=sessions_end)
