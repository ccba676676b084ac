"""The decider: two pure functions and a first state, and the one place where a command meets the log.

Source of the pattern: https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.errors import ConcurrencyError, StoreUnavailableError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.remembered import Loaded
from hcmp_eventstore.store import APPEND_SECONDS, EventStore, Write, subject_filter

__all__ = ["Decider", "Decision", "Loaded", "execute", "load"]

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=DomainEvent)

MAX_ATTEMPTS = 10
ANSWER_SECONDS = APPEND_SECONDS
# Of the processes that decide on one aggregate one is first; the others come back at different moments.
PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class Decider(Generic[C, S, E]):
    """How one kind of aggregate decides (`decide`) and what it becomes (`evolve`). No I/O, clock or chance."""

    aggregate: str
    initial: S
    decide: Callable[[C, S], list[E]]
    evolve: Callable[[S, E], S]

    def fold(self, events: Sequence[E]) -> S:
        """The state after these events, oldest first."""
        return reduce(self.evolve, events, self.initial)


@dataclass(frozen=True)
class Decision(Generic[C, S, E]):
    """A command for one aggregate, decided by its decider.

    `assumed` is what the caller has read elsewhere, in a read model for one. It may be out of date: whatever it
    leads to other than an append that the log takes, is decided again on what is loaded.
    """

    decider: Decider[C, S, E]
    aggregate_id: str
    command: C
    assumed: Loaded[S] | None = None

    @property
    def subject_filter(self) -> str:
        return subject_filter(self.decider.aggregate, self.aggregate_id)

    def on(self, found: Loaded[S]) -> Write:
        """What the command changes when the aggregate is so."""
        events = self.decider.decide(self.command, found.state)
        return Write(self.decider.aggregate, self.aggregate_id, found.version, events)


async def load(store: EventStore, decider: Decider[C, S, E], aggregate_id: str, *, at_least: int = 0) -> Loaded[S]:
    """Fold an aggregate as it is now, whichever replica answers; `at_least` is a version that it is known to have
    reached. Raises StoreUnavailableError, without a leader too.
    """
    subject = subject_filter(decider.aggregate, aggregate_id)
    newer = await store.newer({subject: at_least})
    return await _fold(store, decider, aggregate_id, at_least=newer.get(subject, at_least))


async def _fold(store: EventStore, decider: Decider[C, S, E], aggregate_id: str, *, at_least: int) -> Loaded[S]:
    """As a replica knows it: a decision on it is safe only when the log refuses an older version, or when the
    leader has no newer one.
    """
    history = await store.load(decider.aggregate, aggregate_id, at_least=at_least)
    events: list[Any] = [recorded.event for recorded in history]
    return Loaded(state=decider.fold(events), version=history[-1].sequence if history else 0)


async def execute(store: EventStore, decisions: Sequence[Decision[Any, Any, Any]], context: Context) -> int:
    """Decide commands for one or several different aggregates and append all their events at once, or none.

    A version conflict decides everything again on fresh state, at most MAX_ATTEMPTS times. Returns the
    sequence of the last event appended, or the aggregates' highest version when nothing had to change.
    Raises what `decide` raises, ConcurrencyError when the conflicts do not end, and what `EventStore.append`
    raises; whatever stands in the way, within ANSWER_SECONDS.
    """
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            store.turns.of(decision.subject_filter for decision in decisions),
        ):
            return await _execute(store, decisions, context)
    except TimeoutError:
        raise StoreUnavailableError(f"decide on {decisions[-1].subject_filter}") from None


async def _execute(store: EventStore, decisions: Sequence[Decision[Any, Any, Any]], context: Context) -> int:
    if (guess := _guess(store, decisions)) is not None:
        sequence = await _try_on(store, decisions, guess, context)
        if sequence is not None:
            return sequence
    known: dict[str, int] = {}
    for attempt in range(1, MAX_ATTEMPTS + 1):
        loaded = await _load(store, decisions, known)
        seen = {decision.subject_filter: found.version for decision, found in zip(decisions, loaded, strict=True)}
        try:
            decided = [decision.on(found) for decision, found in zip(decisions, loaded, strict=True)]
        except Exception:
            # The log guards what is appended; that nothing is must not be decided on what a replica missed.
            if attempt == MAX_ATTEMPTS or not await _moved_on(store, seen, known):
                raise
            continue
        unguarded = {write.subject_filter: write.expected_version for write in decided if not write.events}
        if unguarded and attempt < MAX_ATTEMPTS and await _moved_on(store, unguarded, known):
            continue
        if len(unguarded) == len(decided):
            return max(seen.values())
        try:
            return await _append(store, decisions, loaded, decided, context)
        except ConcurrencyError as conflict:
            if attempt == MAX_ATTEMPTS:
                raise
            known[conflict.subject] = conflict.actual or 0
        await _moved_on(store, seen, known)
        longest = min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * 2**attempt)
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - a pause, no secret
    raise AssertionError("unreachable")


def _guess(store: EventStore, decisions: Sequence[Decision[Any, Any, Any]]) -> list[Loaded[Any]] | None:
    """All aggregates as the caller has read or this process left them; None unless all are known."""
    found = [
        decision.assumed or store.remembered.get(decision.decider.evolve, decision.subject_filter)
        for decision in decisions
    ]
    return None if None in found else [one for one in found if one is not None]


async def _try_on(
    store: EventStore,
    decisions: Sequence[Decision[Any, Any, Any]],
    guess: Sequence[Loaded[Any]],
    context: Context,
) -> int | None:
    """Decide on what may be out of date: only that the log stores events of every decision on these versions
    counts. None when it is to be decided again, on what is loaded.
    """
    if (changes := _changes(decisions, guess)) is not None:
        with suppress(ConcurrencyError):
            return await _append(store, decisions, guess, changes, context)
    for decision in decisions:
        store.remembered.forget(decision.decider.evolve, decision.subject_filter)
    return None


def _changes(decisions: Sequence[Decision[Any, Any, Any]], found: Sequence[Loaded[Any]]) -> list[Write] | None:
    """What the commands change when the aggregates are so; None when one of them is refused or changes nothing."""
    try:
        decided = [decision.on(one) for decision, one in zip(decisions, found, strict=True)]
    except Exception:  # noqa: BLE001 - raised again if it is still so on what is loaded
        return None
    return decided if all(write.events for write in decided) else None


async def _append(
    store: EventStore,
    decisions: Sequence[Decision[Any, Any, Any]],
    found: Sequence[Loaded[Any]],
    decided: Sequence[Write],
    context: Context,
) -> int:
    """Store what was decided, and remember what the aggregates have become. As `EventStore.append`."""
    last = version = await store.append([write for write in decided if write.events], context)
    for decision, before, write in reversed(list(zip(decisions, found, decided, strict=True))):
        if write.events:
            state = reduce(decision.decider.evolve, write.events, before.state)
            store.remembered.put(decision.decider.evolve, decision.subject_filter, Loaded(state, version))
            version -= len(write.events)
    return last


async def _moved_on(store: EventStore, seen: Mapping[str, int], known: dict[str, int]) -> bool:
    """Whether the leader knows more of an aggregate than was `seen`; it is then `known`."""
    newer = await store.newer(seen)
    known |= newer
    return bool(newer)


async def _load(
    store: EventStore, decisions: Sequence[Decision[Any, Any, Any]], known: Mapping[str, int]
) -> list[Loaded[Any]]:
    """The aggregates of all decisions; `known` are versions that some of them are known to have reached."""
    return await asyncio.gather(
        *(
            _fold(store, decision.decider, decision.aggregate_id, at_least=known.get(decision.subject_filter, 0))
            for decision in decisions
        )
    )
