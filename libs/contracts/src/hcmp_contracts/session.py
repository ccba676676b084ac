"""Facts about sessions. Each is an aggregate of its own: signing in and out makes no account's history longer."""

from typing import ClassVar, Literal

from hcmp_contracts.envelope import DomainEvent

SessionEnding = Literal["signed-out", "ended-by-owner", "token-reused"]


class SessionEnded(DomainEvent):
    """The session is over, its access tokens and sockets too; the account's others go on.

    `token-reused`: one of its refresh tokens was presented a second time, so that it is in two hands. What ends
    all of an account's sessions at once is an event of the account.
    """

    event_type: ClassVar[str] = "hcmp.session.ended.v1"
    account_id: str
    reason: SessionEnding


SessionEvent = SessionEnded
