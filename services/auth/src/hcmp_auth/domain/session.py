"""A session and the refresh tokens that carry it on: each is used once, and using one again is told apart
from an answer that got lost.

Source of the rule: RFC 9700, section 4.14.2 (refresh token rotation).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

SESSION_LIFE = timedelta(days=30)
REFRESH_TOKEN_LIFE = timedelta(days=7)
ACCESS_TOKEN_LIFE = timedelta(minutes=15)
TICKET_LIFE = timedelta(seconds=30)
GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class Session:
    """`account_version` is the version of the account in the log that the sign-in was decided on: an event
    behind it that ends sessions ends this one, whatever any clock says.
    """

    id: str
    account_id: str
    account_version: int
    expires_at: datetime


@dataclass(frozen=True)
class OpenSession(Session):
    """A session as its owner sees it in the list of theirs."""

    started_at: datetime


class Presented(Enum):
    """What a refresh token is, when it is presented."""

    FRESH = auto()
    REPEATED = auto()
    REUSED = auto()
    EXPIRED = auto()


def judge(*, used_at: datetime | None, expires_at: datetime, now: datetime) -> Presented:
    """A token used within the last GRACE is repeated because the answer got lost, or by a second tab; one
    used earlier is in two hands.
    """
    if used_at is not None and now - used_at > GRACE:
        return Presented.REUSED
    if now >= expires_at:
        return Presented.EXPIRED
    return Presented.FRESH if used_at is None else Presented.REPEATED
