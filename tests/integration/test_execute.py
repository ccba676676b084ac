"""Commands meet the log: decided again on a conflict, all or nothing over several aggregates."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore import decider as decider_module
from hcmp_eventstore import remembered
from hcmp_eventstore.decider import Decider, Decision, Loaded, execute, load
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore, Write

CONTEXT = Context(actor="account/1", correlation_id="request-1")


class FullError(Exception):
    """The counter has reached its bound."""


def decide(bound: int, count: int) -> list[VmMaintenanceStarted | VmMaintenanceEnded]:
    if bound < 0:
        return []
    if count >= bound:
        raise FullError
    return [VmMaintenanceStarted(reason=str(count))]


COUNTER: Decider[int, int, VmMaintenanceStarted | VmMaintenanceEnded] = Decider(
    aggregate="vm", initial=0, decide=decide, evolve=lambda count, _: count + 1
)


def raise_to(bound: int, name: str = "a") -> Decision[Any, Any, Any]:
    return Decision(COUNTER, name, bound)


async def test_parallel_commands_are_decided_one_after_another(event_store: EventStore) -> None:
    outcomes = await asyncio.gather(
        *(execute(event_store, [raise_to(5)], CONTEXT) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, FullError) for outcome in outcomes) == 3
    reasons = [recorded.event.model_dump()["reason"] for recorded in await event_store.load("vm", "a")]
    assert reasons == ["0", "1", "2", "3", "4"]


async def test_when_one_of_several_aggregates_refuses_none_changes(event_store: EventStore) -> None:
    await execute(event_store, [raise_to(1, "full")], CONTEXT)
    with pytest.raises(FullError):
        await execute(event_store, [raise_to(1, "free"), raise_to(1, "full")], CONTEXT)
    assert await event_store.load("vm", "free") == []


async def test_a_command_that_changes_nothing_answers_the_version_it_saw(event_store: EventStore) -> None:
    sequence = await execute(event_store, [raise_to(1)], CONTEXT)
    assert await execute(event_store, [raise_to(-1)], CONTEXT) == sequence
    assert (await load(event_store, COUNTER, "a")).version == sequence


class CountsLoads(EventStore):
    loads = 0

    async def load(self, aggregate: str, aggregate_id: str, *, at_least: int = 0) -> list[Recorded[DomainEvent]]:
        self.loads += 1
        return await super().load(aggregate, aggregate_id, at_least=at_least)


async def test_what_the_caller_knows_already_is_not_loaded(event_store: EventStore) -> None:
    version = await execute(event_store, [raise_to(5)], CONTEXT)
    store = CountsLoads(event_store.client, source="test")
    known = replace(raise_to(5), assumed=Loaded(1, version))
    new = replace(raise_to(5, "b"), assumed=Loaded(0, 0))
    await execute(store, [known, new], CONTEXT)
    assert store.loads == 0
    assert (await load(event_store, COUNTER, "a")).state == 2
    assert (await load(event_store, COUNTER, "b")).state == 1


async def test_what_the_caller_knew_of_an_older_version_is_decided_again_on_the_log(
    event_store: EventStore,
) -> None:
    old = await execute(event_store, [raise_to(5)], CONTEXT)
    await execute(event_store, [raise_to(5)], CONTEXT)
    await execute(event_store, [replace(raise_to(5), assumed=Loaded(1, old))], CONTEXT)
    reasons = [recorded.event.model_dump()["reason"] for recorded in await event_store.load("vm", "a")]
    assert reasons == ["0", "1", "2"]


async def test_conflicts_that_do_not_end_are_said_after_a_bounded_number_of_tries(event_store: EventStore) -> None:
    class AlwaysOvertaken(EventStore):
        tries = 0

        async def append(self, writes: Any, context: Context) -> int:
            type(self).tries += 1
            [write] = writes
            await super().append([Write("vm", "a", write.expected_version, write.events)], context)
            return await super().append(writes, context)

    store = AlwaysOvertaken(event_store.client, source="test")
    with pytest.raises(ConcurrencyError):
        await execute(store, [raise_to(1000)], CONTEXT)
    assert AlwaysOvertaken.tries == decider_module.MAX_ATTEMPTS


async def test_what_this_process_wrote_last_is_decided_on_without_a_load(event_store: EventStore) -> None:
    store = CountsLoads(event_store.client, source="test")
    for _ in range(3):
        await execute(store, [raise_to(9), raise_to(9, "b")], CONTEXT)
    assert store.loads == 2
    assert (await load(event_store, COUNTER, "a")).state == 3
    reasons = [recorded.event.model_dump()["reason"] for recorded in await event_store.load("vm", "b")]
    assert reasons == ["0", "1", "2"]


async def test_what_others_wrote_meanwhile_is_decided_on_whatever_this_process_remembers(
    event_store: EventStore,
) -> None:
    other = EventStore(event_store.client, source="other")
    await execute(event_store, [raise_to(5)], CONTEXT)
    for count in range(1, 5):
        await execute(other if count % 2 else event_store, [raise_to(5)], CONTEXT)
    reasons = [recorded.event.model_dump()["reason"] for recorded in await event_store.load("vm", "a")]
    assert reasons == ["0", "1", "2", "3", "4"]


async def test_a_refusal_or_no_change_is_answered_as_the_log_is_now(event_store: EventStore) -> None:
    """What this process remembers would leave the first as it is, and refuse the second."""

    def shrink(bound: int, count: int) -> list[VmMaintenanceStarted | VmMaintenanceEnded]:
        return [] if bound == count else decide(bound, count)

    down: Decider[int, int, VmMaintenanceStarted | VmMaintenanceEnded] = Decider(
        "vm", 0, shrink, lambda count, event: 0 if isinstance(event, VmMaintenanceEnded) else count + 1
    )
    other = EventStore(event_store.client, source="other")
    for rounds in (1, 2):
        version = 0
        for _ in range(rounds):
            version = await execute(event_store, [Decision(down, "a", 9)], CONTEXT)
        await other.append([Write("vm", "a", version, [VmMaintenanceEnded()])], CONTEXT)
        version = await execute(event_store, [Decision(down, "a", 1)], CONTEXT)
        await other.append([Write("vm", "a", version, [VmMaintenanceEnded()])], CONTEXT)
    history = [type(recorded.event) for recorded in await event_store.load("vm", "a")]
    one = [VmMaintenanceStarted, VmMaintenanceEnded]
    assert history == [*one, *one, VmMaintenanceStarted, *one, *one]


async def test_what_is_remembered_is_bounded(event_store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "AGGREGATES", 2)
    store = CountsLoads(event_store.client, source="test")
    for name in ("a", "b", "c", "a", "c"):
        await execute(store, [raise_to(9, name)], CONTEXT)
    assert store.loads == 4


async def test_another_connection_remembers_nothing(event_store: EventStore) -> None:
    """A broker may have come back on an older store, on which the same version means something else."""
    store = CountsLoads(event_store.client, source="test")
    await execute(store, [raise_to(9)], CONTEXT)
    store.client.stats["reconnects"] += 1
    await execute(store, [raise_to(9)], CONTEXT)
    assert store.loads == 2
