"""The fair reactor on a real broker: nobody's many events hold up another's one, and no free slot waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError

from hcmp_contracts.allocation import AllocationGranted
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore import reactor as reactor_module
from hcmp_eventstore.fair import FairReactor, Turns
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore, Write
from hcmp_testkit.workers import until

CONTEXT = Context(actor="account/1", correlation_id="request-1")


@dataclass
class Work:
    """What is being handled and was begun; each event is held until the test lets it end."""

    begun: list[str] = field(default_factory=list)
    _ends: dict[str, asyncio.Event] = field(default_factory=dict)

    async def handle(self, recorded: Recorded[DomainEvent]) -> None:
        name = recorded.aggregate_id
        self.begun.append(name)
        await self._ends.setdefault(name, asyncio.Event()).wait()

    def end(self, name: str) -> None:
        self._ends.setdefault(name, asyncio.Event()).set()


def owner(recorded: Recorded[DomainEvent]) -> str:
    assert isinstance(recorded.event, AllocationGranted)
    return recorded.event.owner_id


@asynccontextmanager
async def sharing(client: Client, work: Work, *, slots: int = 1) -> AsyncIterator[asyncio.Task[None]]:
    reactor = FairReactor(client, "test", "runs", ["hcmp.allocation.*.granted"], work.handle, slots, owner=owner)
    task = asyncio.create_task(reactor.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def grant(store: EventStore, *names: str) -> None:
    """One event each; the owner is the name's first letter."""
    for name in names:
        granted = AllocationGranted(owner_id=name[0], attempt=1, machines=[])
        await store.append([Write("allocation", name, 0, [granted])], CONTEXT)


async def test_one_owners_many_events_do_not_hold_up_anothers_one(event_store: EventStore, broker: Client) -> None:
    work = Work()
    async with sharing(broker, work):
        await grant(event_store, "a1")
        await until(lambda: work.begun == ["a1"])
        await grant(event_store, "a2", "a3", "a4", "a5", "a6", "b1")
        for count, name in enumerate(["a1", "b1", "a2", "a3", "a4", "a5"], start=1):
            assert work.begun[-1] == name
            work.end(name)
            await until(lambda: len(work.begun) == count + 1)  # noqa: B023 - waited for within the loop
    assert work.begun == ["a1", "b1", "a2", "a3", "a4", "a5", "a6"]


async def test_what_waits_longest_comes_first_even_when_it_waited_for_the_process(
    event_store: EventStore, broker: Client
) -> None:
    await grant(event_store, *(f"a{number}" for number in range(8)), "b0", "c0")
    work = Work()
    async with sharing(broker, work, slots=4):
        await until(lambda: len(work.begun) == 4)
        await asyncio.sleep(0.2)
    assert work.begun == ["a0", "b0", "c0", "a1"]


async def test_no_event_waits_while_another_process_has_a_free_slot(
    event_store: EventStore, broker: Client
) -> None:
    first, second = Work(), Work()
    async with sharing(broker, first, slots=2):
        await grant(event_store, "a1", "a2", "a3", "a4", "b1")
        await until(lambda: len(first.begun) == 2)
        async with sharing(broker, second, slots=2):
            await until(lambda: len(second.begun) == 2, seconds=5)
            second.end(second.begun[0])
            await until(lambda: len(first.begun) + len(second.begun) == 5, seconds=5)
    assert sorted(first.begun + second.begun) == ["a1", "a2", "a3", "a4", "b1"]


async def test_handing_events_back_is_no_failure_of_theirs(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactor_module, "BACKOFF_SECONDS", (0.01,))
    tries: list[str] = []

    class Failing(Work):
        async def handle(self, recorded: Recorded[DomainEvent]) -> None:
            tries.append(recorded.aggregate_id)
            if recorded.aggregate_id == "z1" and tries.count("z1") < 3:
                raise ConnectionError("not yet")

    names = [f"a{number}" for number in range(10)]
    await grant(event_store, *names, "z0", "z1")
    async with sharing(broker, Failing()):
        await until(lambda: tries.count("z1") == 3 and set(tries) == {*names, "z0", "z1"})
    assert len(tries) == len(names) + 4


@pytest.mark.parametrize(
    ("active", "waiting", "expected"),
    [
        ("", "aab", [0, 2, 1]),
        ("a", "aab", [2, 0, 1]),
        ("ab", "aabbc", [4, 0, 2, 1, 3]),
        ("aab", "abb", [1, 0, 2]),
        ("aab", "abbb", [1, 0, 2, 3]),
    ],
)
def test_the_owner_with_least_under_way_is_next(active: str, waiting: str, expected: list[int]) -> None:
    turns = Turns()
    for owner in active:
        turns.begin(owner)
    assert turns.order([(owner, sequence) for sequence, owner in enumerate(waiting)]) == expected


async def test_an_outcome_that_the_broker_does_not_hear_ends_nothing_else(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, tell = Work(), Msg.ack

    async def deaf(message: Msg) -> None:
        if message.subject == "hcmp.allocation.a1.granted":
            raise ConnectionClosedError
        await tell(message)

    monkeypatch.setattr(Msg, "ack", deaf)
    async with sharing(broker, work) as reacting:
        await grant(event_store, "a1", "b1")
        work.end("a1")
        await until(lambda: work.begun == ["a1", "b1"])
        assert not reacting.done()
