"""Group commit: appends that come while another is on its way are stored together, in one atomic batch.

For a batch nats-server makes a store of its own and syncs four times, about 3 ms on one machine, whether it holds
two events or hundreds (seen with 2.15.1, R1). Each append is whole in one batch and keeps its own versions, so
that it is stored or refused as it would be alone.
"""

import asyncio
import operator
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from nats.errors import MaxPayloadError

from hcmp_eventstore.messages import Message
from hcmp_eventstore.refusals import TRANSIENT, RefusedError

# The broker takes at most 1,000 messages in a batch.
GROUP_EVENTS = 500
# Fewer single events than this are stored sooner one by one than by a batch.
SINGLE_EVENTS = 12
# So few appends are decided sooner than a batch is stored.
FEW_APPENDS = 12

# nats-py leaves what is published to a task of its own: after so many turns of the event loop it is written.
TURNS_TO_WRITE = 3

Publish = Callable[[Sequence[Message]], Awaitable[int]]


@dataclass(eq=False)
class _Append:
    """One append that waits to be stored; `stored` becomes the sequence of its last event, or the error."""

    messages: Sequence[Message]
    stored: asyncio.Future[int]

    @property
    def aggregates(self) -> set[str]:
        return {message.subject_filter for message in self.messages}

    def settle(self, outcome: int | Exception) -> None:
        """Tell whoever waits; nobody does when the caller has gone."""
        if self.stored.done():
            return
        if isinstance(outcome, Exception):
            self.stored.set_exception(outcome)
        else:
            self.stored.set_result(outcome)


_Outcome = tuple[_Append, int | Exception]


class GroupCommit:
    """Stores appends by `publish`: at once, or while another is on its way together with all who wait for it."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._waiting: deque[_Append] = deque()
        self._busy = False
        self._flight: asyncio.Task[None] | None = None

    async def append(self, messages: Sequence[Message]) -> int:
        """Store these messages, or none of them; answers and raises what `publish` does for them alone."""
        if not self._busy:
            self._busy = True
            try:
                return await self._publish(messages)
            finally:
                self._let_the_next_go(1)
        append = _Append(messages, asyncio.get_running_loop().create_future())
        self._waiting.append(append)
        return await append.stored

    def _let_the_next_go(self, answered: int) -> None:
        """Send the next group on its way: of many appends half, counting the `answered` whose callers may come
        again. While one half is stored the other is decided, and neither this process nor the broker waits.
        """
        group = self._next_group(max(FEW_APPENDS, (len(self._waiting) + answered + 1) // 2))
        self._busy = bool(group)
        self._flight = asyncio.create_task(self._fly(group)) if group else None

    async def _fly(self, group: Sequence[_Append]) -> None:
        try:
            outcomes = await self._store(group)
        finally:
            self._let_the_next_go(len(group))
        for _ in range(TURNS_TO_WRITE):
            await asyncio.sleep(0)
        for append, outcome in outcomes:
            append.settle(outcome)

    def _next_group(self, most: int) -> list[_Append]:
        """Who waits longest, and all who fit in with them, at `most` so many.

        Never two appends on one aggregate: the second would be decided on a version that the first changes. And
        nobody overtakes an append on the same aggregate.
        """
        group: list[_Append] = []
        left: deque[_Append] = deque()
        met: set[str] = set()
        events = 0
        for append in self._waiting:
            if append.stored.cancelled():
                continue
            room = len(group) < most and events + len(append.messages) <= GROUP_EVENTS
            if not group or (room and met.isdisjoint(append.aggregates)):
                group.append(append)
                events += len(append.messages)
            else:
                left.append(append)
            met |= append.aggregates
        self._waiting = left
        return group

    async def _store(self, group: Sequence[_Append]) -> list[_Outcome]:
        if len(group) < SINGLE_EVENTS and all(len(append.messages) == 1 for append in group):
            parts = await asyncio.gather(*(self._together([append]) for append in group))
            return [outcome for part in parts for outcome in part]
        return await self._together(group)

    async def _together(self, group: Sequence[_Append]) -> list[_Outcome]:
        """Store the group in one batch. When that is refused for a reason that may lie in one append, its halves
        are tried apart, until the one that is refused stands alone.
        """
        try:
            last = await self._publish([message for append in group for message in append.messages])
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            if len(group) > 1 and _may_concern_one(error):
                half = len(group) // 2
                parts = await asyncio.gather(self._together(group[:half]), self._together(group[half:]))
                return [outcome for part in parts for outcome in part]
            return [(append, error) for append in group]
        return _stored(group, last)


def _may_concern_one(error: Exception) -> bool:
    """Whether others of the same batch could be stored without the one that is refused."""
    if isinstance(error, RefusedError):
        return error.code not in TRANSIENT
    return isinstance(error, MaxPayloadError)


def _stored(group: Sequence[_Append], last: int) -> list[_Outcome]:
    """The events of a batch stand one behind the other in the log, and end at `last`."""
    ends = accumulate((len(append.messages) for append in reversed(group)), operator.sub, initial=last)
    return list(zip(reversed(group), ends, strict=False))
