"""Appends that share a batch: each is stored or refused as it would be alone, whoever travels with it."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nats.errors import MaxPayloadError
from nats.errors import TimeoutError as NatsTimeoutError

from hcmp_eventstore.group_commit import FEW_APPENDS, GROUP_EVENTS, SINGLE_EVENTS, GroupCommit
from hcmp_eventstore.messages import Message
from hcmp_eventstore.refusals import WRONG_LAST_SEQUENCE, RefusedError

NO_LEADER = 10008


class Log:
    """The broker's promise in memory: a batch is stored whole, one message behind the other, or refused."""

    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.batches: list[list[str]] = []
        self.failures: dict[int, Exception] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, messages: Sequence[Message]) -> int:
        await asyncio.sleep(0)  # as nats-py, which writes a turn of the event loop later
        self.batches.append([message.event_id for message in messages])
        failure = self.failures.get(len(self.batches))
        await self.gate.wait()
        if failure is not None:
            raise failure
        if any(message.payload == b"too large" for message in messages):
            raise MaxPayloadError
        if any(self.version(message.subject_filter) != message.expected_version for message in messages):
            raise RefusedError(WRONG_LAST_SEQUENCE, "wrong last sequence")
        self.stored.extend(messages)
        return len(self.stored)

    def version(self, aggregate: str) -> int:
        places = [place for place, stored in enumerate(self.stored, 1) if stored.subject_filter == aggregate]
        return places[-1] if places else 0

    @property
    def ids(self) -> list[str]:
        return [message.event_id for message in self.stored]


def messages(name: str, *aggregates: str, expected: int = 0, payload: bytes = b"") -> list[Message]:
    """One append: an event for each of these aggregates."""
    return [
        Message(f"{aggregate}.x", aggregate, f"{name}/{place}", expected, payload)
        for place, aggregate in enumerate(aggregates)
    ]


async def together(log: Log, *appends: Sequence[Message]) -> list[int | BaseException]:
    """What becomes of appends that all wait for one that is on its way."""
    group = GroupCommit(log.publish)
    log.gate.clear()
    first = asyncio.create_task(group.append(messages("first", "the first")))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(group.append(append)) for append in appends]
    await asyncio.sleep(0)
    log.gate.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_appends_that_wait_are_stored_in_one_batch_and_each_learns_its_own_sequence() -> None:
    log = Log()
    outcomes = await together(log, messages("a", "1", "2", "3"), messages("b", "4"), messages("c", "5", "6"))
    assert outcomes == [4, 5, 7]
    assert log.batches == [["first/0"], ["a/0", "a/1", "a/2", "b/0", "c/0", "c/1"]]


async def test_a_few_single_events_are_stored_one_by_one_and_many_in_one_batch() -> None:
    few, many = Log(), Log()
    await together(few, *(messages(str(number), str(number)) for number in range(SINGLE_EVENTS - 1)))
    await together(many, *(messages(str(number), str(number)) for number in range(SINGLE_EVENTS)))
    assert [len(batch) for batch in few.batches] == [1] * SINGLE_EVENTS
    assert [len(batch) for batch in many.batches] == [1, SINGLE_EVENTS]


async def test_only_the_append_that_was_decided_on_an_old_version_is_refused() -> None:
    log = Log()
    outcomes = await together(
        log,
        messages("a", "1", "2"),
        messages("stale", "3", "4", expected=7),
        messages("b", "5", "6"),
        messages("c", "7"),
    )
    assert isinstance(outcomes[1], RefusedError)
    assert not any(event.startswith("stale") for event in log.ids)
    assert [log.ids.index(last) + 1 for last in ("a/1", "b/1", "c/0")] == [outcomes[0], outcomes[2], outcomes[3]]


async def test_a_message_that_is_too_large_harms_nobody_else() -> None:
    log = Log()
    outcomes = await together(
        log, messages("a", "1", "2"), messages("large", "3", payload=b"too large"), messages("b", "4", "5")
    )
    assert isinstance(outcomes[1], MaxPayloadError)
    assert {"a/1", "b/1"} < set(log.ids)


async def test_of_two_appends_on_one_aggregate_the_second_goes_behind_the_first() -> None:
    log = Log()
    first, second, third = await together(
        log, messages("a", "1", "2"), messages("b", "2", "3"), messages("c", "4", "5")
    )
    assert (first, third) == (3, 5)
    assert isinstance(second, RefusedError)
    assert log.batches == [["first/0"], ["a/0", "a/1", "c/0", "c/1"], ["b/0", "b/1"]]


async def test_silence_is_told_to_all_who_travelled_together_and_nothing_is_tried_for_them() -> None:
    """Whether their events were stored is for each of them to find out."""
    log = Log()
    log.failures[2] = NatsTimeoutError()
    outcomes = await together(log, *(messages(name, name, name + "'") for name in ("a", "b", "c")))
    assert [type(outcome) for outcome in outcomes] == [NatsTimeoutError] * 3
    assert len(log.batches) == 2


async def test_a_broker_without_a_leader_refuses_all_at_once() -> None:
    log = Log()
    log.failures[2] = RefusedError(NO_LEADER, "no leader")
    outcomes = await together(log, *(messages(name, name, name + "'") for name in ("a", "b")))
    assert [outcome.code for outcome in outcomes if isinstance(outcome, RefusedError)] == [NO_LEADER] * 2
    assert len(log.batches) == 2


async def test_an_append_whose_caller_has_gone_before_its_turn_is_not_stored() -> None:
    log = Log()
    group = GroupCommit(log.publish)
    log.gate.clear()
    first = asyncio.create_task(group.append(messages("first", "0")))
    await asyncio.sleep(0)
    gone = asyncio.create_task(group.append(messages("gone", "1")))
    stays = asyncio.create_task(group.append(messages("stays", "2")))
    await asyncio.sleep(0)
    gone.cancel()
    log.gate.set()
    assert (await first, await stays) == (1, 2)
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert log.ids == ["first/0", "stays/0"]


async def test_when_the_one_that_all_wait_for_is_cancelled_the_others_go_on() -> None:
    log = Log()
    group = GroupCommit(log.publish)
    log.gate.clear()
    first = asyncio.create_task(group.append(messages("first", "0")))
    await asyncio.sleep(0)
    stays = asyncio.create_task(group.append(messages("stays", "1")))
    await asyncio.sleep(0)
    first.cancel()
    log.gate.set()
    assert await stays == 1
    assert await group.append(messages("later", "2")) == 2


async def test_of_many_appends_half_leave_and_are_told_once_the_other_half_is_on_its_way() -> None:
    """What they do next would keep the event loop busy while the broker waits."""
    log = Log()
    on_their_way: list[int] = []

    group = GroupCommit(log.publish)

    async def append(name: str) -> None:
        await group.append(messages(name, name, name + "'"))
        on_their_way.append(len(log.batches))

    log.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        for number in range(4 * FEW_APPENDS):
            tasks.create_task(append(str(number)))
        await asyncio.sleep(0)
        log.gate.set()

    half = 2 * FEW_APPENDS
    assert [len(batch) // 2 for batch in log.batches] == [1, half, half - 1]
    assert on_their_way[1:] == [3] * (2 * half - 1)


async def test_a_group_holds_no_more_events_than_a_batch_may() -> None:
    log = Log()
    third = GROUP_EVENTS // 3
    appends = [messages(str(name), *(f"{name}-{place}" for place in range(third))) for name in range(4)]
    assert await together(log, *appends) == [1 + third * (number + 1) for number in range(4)]
    assert [len(batch) for batch in log.batches] == [1, 3 * third, third]


aggregates = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(aggregates, st.integers(0, 3)), min_size=1, max_size=40))
def test_whatever_comes_together_each_append_is_whole_in_its_place_or_not_there(
    appends: list[tuple[list[str], int]],
) -> None:
    """Appends meet in every mixture: some on the version that they know, some behind another's back."""

    async def scenario() -> None:
        log = Log()
        group = GroupCommit(log.publish)

        async def append(number: int, names: list[str], pause: int) -> int:
            for _ in range(pause):
                await asyncio.sleep(0)
            known = [
                Message(f"{n}.x", n, f"{number}/{place}", log.version(n), b"") for place, n in enumerate(names)
            ]
            await asyncio.sleep(0)
            return await group.append(known)

        outcomes = await asyncio.gather(
            *(append(number, names, pause) for number, (names, pause) in enumerate(appends)),
            return_exceptions=True,
        )
        assert len(set(log.ids)) == len(log.ids)
        for number, ((names, _), outcome) in enumerate(zip(appends, outcomes, strict=True)):
            places = [log.ids.index(event) for event in log.ids if event.split("/")[0] == str(number)]
            if isinstance(outcome, int):
                assert len(places) == len(names)
                assert all(after == before + 1 for before, after in pairwise(places))
                assert outcome == places[-1] + 1
            else:
                assert isinstance(outcome, RefusedError)
                assert places == []

    asyncio.run(scenario())
