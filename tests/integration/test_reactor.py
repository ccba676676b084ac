"""The reactor on a real broker: at least once, tried again, taken over, and a dead letter at last."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore import reactor as reactor_module
from hcmp_eventstore.errors import RejectedEventError, StoreUnavailableError
from hcmp_eventstore.reactor import Handler, Reactor
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import DEAD_LETTERS

CONTEXT = Context(actor="account/1", correlation_id="request-1")


@asynccontextmanager
async def reacting(client: Client, handle: Handler, *, slots: int = 1) -> AsyncIterator[asyncio.Task[None]]:
    reactor = Reactor(
        client=client, service="test", name="reaction", subjects=["hcmp.vm.*.maintenance-started"], handle=handle,
        slots=slots,
    )  # fmt: skip
    task = asyncio.create_task(reactor.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def put(store: EventStore, vm: str) -> None:
    await store.append([Write("vm", vm, 0, [VmMaintenanceStarted(reason="disk")])], CONTEXT)


async def eventually(condition: object, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.02)


async def test_each_event_is_handled_once_when_nothing_fails(event_store: EventStore, broker: Client) -> None:
    handled: list[str] = []

    async def handle(recorded: Recorded[DomainEvent]) -> None:
        handled.append(recorded.aggregate_id)

    await put(event_store, "before")
    async with reacting(broker, handle, slots=4):
        for number in range(20):
            await put(event_store, f"vm-{number}")
        await eventually(lambda: len(handled) == 21)
        await asyncio.sleep(0.3)
    assert sorted(handled) == sorted(["before", *(f"vm-{number}" for number in range(20))])


async def test_a_failing_reaction_is_tried_again(event_store: EventStore, broker: Client) -> None:
    tries: list[int] = []

    async def handle(recorded: Recorded[DomainEvent]) -> None:
        tries.append(recorded.sequence)
        if len(tries) < 3:
            raise ConnectionError("not yet")

    async with reacting(broker, handle):
        await put(event_store, "a")
        await eventually(lambda: len(tries) == 3)
    assert len(set(tries)) == 1


async def dead_letter(broker: Client) -> dict[str, str]:
    message = await broker.jetstream().get_last_msg(DEAD_LETTERS, "hcmp.deadletter.test.reaction")
    letter: dict[str, str] = json.loads(message.data or b"{}")
    return letter


async def test_after_five_failures_the_event_is_a_dead_letter_and_others_go_on(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactor_module, "BACKOFF_SECONDS", (0.01,))
    handled: list[str] = []

    async def handle(recorded: Recorded[DomainEvent]) -> None:
        handled.append(recorded.aggregate_id)
        if recorded.aggregate_id == "bad":
            raise ValueError("never works")

    async with reacting(broker, handle):
        await put(event_store, "bad")
        await put(event_store, "good")
        await eventually(lambda: handled.count("bad") == 5 and "good" in handled)
        await asyncio.sleep(0.3)
    assert handled.count("bad") == 5
    letter = await dead_letter(broker)
    assert letter["reason"] == "ValueError: never works"
    assert json.loads(letter["event"])["subject"] == "hcmp.vm.bad.maintenance-started"


@pytest.mark.parametrize(
    "outage", [StoreUnavailableError("append"), psycopg.OperationalError("the connection is lost")], ids=type
)
async def test_an_outage_makes_no_dead_letter_however_long_it_lasts(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch, outage: Exception
) -> None:
    monkeypatch.setattr(reactor_module, "BACKOFF_SECONDS", (0.01,))
    tries: list[int] = []

    async def handle(recorded: Recorded[DomainEvent]) -> None:
        tries.append(recorded.sequence)
        if len(tries) <= 2 * reactor_module.MAX_DELIVERIES:
            raise outage

    async with reacting(broker, handle):
        await put(event_store, "a")
        await eventually(lambda: len(tries) > 2 * reactor_module.MAX_DELIVERIES)
    with pytest.raises(NotFoundError):
        await dead_letter(broker)


async def test_a_rejected_event_is_a_dead_letter_at_once(event_store: EventStore, broker: Client) -> None:
    tries: list[int] = []

    async def handle(recorded: Recorded[DomainEvent]) -> None:
        tries.append(1)
        raise RejectedEventError("of no use")

    async with reacting(broker, handle):
        await put(event_store, "a")
        await eventually(lambda: tries)
        await asyncio.sleep(0.5)
    assert len(tries) == 1
    assert (await dead_letter(broker))["reason"] == "of no use"


async def test_the_event_of_a_process_that_died_is_taken_over(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is cut off in the middle: no acknowledgement and no sign of life any more."""
    monkeypatch.setattr(reactor_module, "ACK_WAIT_SECONDS", 1.0)
    taken: list[str] = []

    async def hangs(_: Recorded[DomainEvent]) -> None:
        taken.append("first")
        await asyncio.sleep(60)

    async def works(_: Recorded[DomainEvent]) -> None:
        taken.append("second")

    async with reacting(broker, hangs) as first:
        await put(event_store, "a")
        await eventually(lambda: taken)
        first.cancel()
        async with reacting(broker, works):
            await eventually(lambda: taken == ["first", "second"])


async def test_long_work_is_not_given_to_another_while_it_shows_life(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactor_module, "ACK_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(reactor_module, "IN_PROGRESS_SECONDS", 0.3)
    taken: list[int] = []

    async def slow(_: Recorded[DomainEvent]) -> None:
        taken.append(1)
        await asyncio.sleep(2.5)

    async with reacting(broker, slow, slots=3):
        await put(event_store, "a")
        await asyncio.sleep(3)
    assert taken == [1]
