"""Which sessions are over, as the log tells it: known before the first token counts, heard from then on."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from nats.aio.client import Client

from hcmp_contracts.account import (
    AccountPasswordChanged,
    AccountRoleChanged,
    AccountSessionsRevoked,
    AccountSuspended,
)
from hcmp_contracts.catalogue import subject_of
from hcmp_contracts.envelope import CloudEvent
from hcmp_contracts.session import SessionEnded
from hcmp_eventstore.brokers import Brokers
from hcmp_eventstore.leader import PATIENCE_SECONDS, Leader
from hcmp_eventstore.reader import last_sequence, read_batches
from hcmp_eventstore.store import utc_now
from hcmp_eventstore.streams import EVENTS

ALL_OF_AN_ACCOUNT = (AccountSuspended, AccountSessionsRevoked, AccountPasswordChanged, AccountRoleChanged)
ACCOUNTS = [subject_of(event, "*") for event in ALL_OF_AN_ACCOUNT]
SESSIONS = [subject_of(SessionEnded, "*")]
# How long the end of one session is remembered: well longer than an access token of it may live. A socket that is
# open longer ends when the end is heard.
REMEMBERED = timedelta(hours=1)


class Token(Protocol):
    """What of a token tells whether its session is over."""

    @property
    def account_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...

    @property
    def issued_at(self) -> datetime: ...


@dataclass
class Revocations:
    """`before` holds, by account, the instant before which no token counts any more; `ended` the single sessions
    that ended of late, and when, in the order in which they were heard of.
    """

    before: dict[str, datetime] = field(default_factory=dict)
    ended: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _caught_up: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._caught_up.set()  # until a log is followed there is no past to wait for

    def cover(self, token: Token) -> bool:
        """Whether its session was ended, or the account's all were after it was issued."""
        if token.session_id in self.ended:
            return True
        before = self.before.get(token.account_id)
        return before is not None and token.issued_at < before

    async def until_covered(self, token: Token) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.cover(token))

    async def past_is_known(self, *, seconds: float) -> None:
        """Raises TimeoutError when it is not within this time."""
        async with asyncio.timeout(seconds):
            await self._caught_up.wait()

    async def follow(self, client: Client) -> None:
        """Read the log for ever for the events that end sessions: all of an account's from the beginning, single
        ones from as long ago as they are remembered, so that no start takes longer for who signed out years ago.
        """
        self._caught_up.clear()
        remembered = await _place_before(client, utc_now() - REMEMBERED)
        accounts, sessions = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as readers:
            readers.create_task(self._read(client, ACCOUNTS, after=0, past_is_read=accounts))
            readers.create_task(self._read(client, SESSIONS, after=remembered, past_is_read=sessions))
            await accounts.wait()
            await sessions.wait()
            self._caught_up.set()

    async def _read(
        self, client: Client, subjects: Sequence[str], *, after: int, past_is_read: asyncio.Event
    ) -> None:
        end = await last_sequence(client, stream=EVENTS, subjects=subjects)
        if end <= after:
            past_is_read.set()
        async with aclosing(read_batches(client, stream=EVENTS, subjects=subjects, after=after)) as batches:
            async for batch in batches:
                for message in batch:
                    self._hear(message.subject, CloudEvent.model_validate_json(message.data))
                if batch[-1].sequence >= end:
                    past_is_read.set()
                async with self._changed:
                    self._changed.notify_all()

    def _hear(self, subject: str, envelope: CloudEvent) -> None:
        """What ended, the subject says: the broker vouches for it."""
        _, aggregate, aggregate_id, _ = subject.split(".")
        if aggregate != SessionEnded.aggregate():
            self.before[aggregate_id] = envelope.time
            return
        self.ended[aggregate_id] = envelope.time
        since = utc_now() - REMEMBERED
        while self.ended and next(iter(self.ended.values())) < since:
            self.ended.popitem(last=False)


async def _place_before(client: Client, instant: datetime) -> int:
    """The sequence in the log behind which the ends of single sessions since this time stand.

    Raises StoreUnavailableError, nats.errors.Error. Tried with nats-server 2.15, and a broker that did not know
    `start_time` would answer with the first of all.
    """
    end = (await client.jetstream().stream_info(EVENTS)).state.last_seq
    wanted = {"start_time": instant.isoformat(), "next_by_subj": SESSIONS[0]}
    first = await Leader(client, Brokers(client)).message(wanted, seconds=PATIENCE_SECONDS)
    return int(first["seq"]) - 1 if first else end
