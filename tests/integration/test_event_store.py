"""The event store on a real nats-server: versions, batches, and outcomes after a lost acknowledgement."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from uuid_utils.compat import uuid7

from hcmp_contracts.session import SessionEnded
from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.errors import ConcurrencyError, StoreUnavailableError, WritesRefusedError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import stream_configs
from hcmp_testkit.nats import NatsServer

CONTEXT = Context(actor="account/1", correlation_id="request-1")
STARTED = VmMaintenanceStarted(reason="disk")
ENDED = VmMaintenanceEnded()


def vm(expected: int, *events: Any, name: str = "a") -> Write:
    return Write("vm", name, expected, events or (STARTED,))


async def test_what_was_appended_is_loaded_in_order_with_its_envelope(event_store: EventStore) -> None:
    first = await event_store.append([vm(0)], CONTEXT)
    second = await event_store.append([vm(first, ENDED)], CONTEXT)
    history = await event_store.load("vm", "a")
    assert [recorded.event for recorded in history] == [STARTED, ENDED]
    assert [recorded.sequence for recorded in history] == [first, second]
    envelope = history[0].envelope
    assert (envelope.source, envelope.actor, envelope.correlationid) == ("test", "account/1", "request-1")
    assert (envelope.type, envelope.subject) == (
        "hcmp.vm.maintenance-started.v1",
        "hcmp.vm.a.maintenance-started",
    )


async def test_an_aggregate_without_events_loads_as_nothing(event_store: EventStore) -> None:
    assert await event_store.load("vm", "nobody") == []


async def test_the_log_of_an_older_installation_takes_what_a_newer_one_tells(
    event_store: EventStore, broker: Client, nats_server: NatsServer
) -> None:
    stored = await event_store.append([vm(0)], CONTEXT)
    older = stream_configs(1)[0]
    older.subjects = [subject for subject in older.subjects or [] if subject != "hcmp.session.*.*"]
    await broker.jetstream().update_stream(older)

    await nats_server.prepare()
    ended = SessionEnded(account_id="mina", reason="signed-out")
    assert await event_store.append([Write("session", "s", 0, [ended])], CONTEXT) == stored + 1
    assert [recorded.event for recorded in await event_store.load("vm", "a")] == [STARTED]


async def test_a_stale_append_is_refused_with_the_true_version(event_store: EventStore) -> None:
    first = await event_store.append([vm(0)], CONTEXT)
    with pytest.raises(ConcurrencyError) as refused:
        await event_store.append([vm(0, ENDED)], CONTEXT)
    assert (refused.value.expected, refused.value.actual) == (0, first)
    assert len(await event_store.load("vm", "a")) == 1


async def test_a_batch_over_several_aggregates_is_stored_whole(event_store: EventStore) -> None:
    last = await event_store.append([vm(0, STARTED, ENDED), vm(0, name="b")], CONTEXT)
    assert [r.sequence for r in await event_store.load("vm", "a")] == [last - 2, last - 1]
    assert [r.sequence for r in await event_store.load("vm", "b")] == [last]


async def test_a_batch_with_one_stale_version_stores_nothing(event_store: EventStore) -> None:
    await event_store.append([vm(0, name="b")], CONTEXT)
    with pytest.raises(ConcurrencyError):
        await event_store.append([vm(0), vm(0, ENDED, name="b"), vm(0, name="c")], CONTEXT)
    assert await event_store.load("vm", "a") == []
    assert await event_store.load("vm", "c") == []


async def test_of_fifty_writers_on_one_version_exactly_one_wins(event_store: EventStore) -> None:
    outcomes = await asyncio.gather(
        *(event_store.append([vm(0)], CONTEXT) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ConcurrencyError) for outcome in outcomes) == 49
    assert len(await event_store.load("vm", "a")) == 1


async def test_more_than_a_thousand_events_of_one_aggregate_load_whole(event_store: EventStore) -> None:
    version = 0
    for _ in range(3):
        version = await event_store.append([vm(version, *[STARTED] * 400)], CONTEXT)
    assert len(await event_store.load("vm", "a")) == 1200


class LosesAcknowledgements:
    """A connection on which the first answers to appends are lost after the broker has stored them."""

    def __init__(self, client: Client, losses: int) -> None:
        self._client = client
        self._losses = losses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def request(self, subject: str, *arguments: Any, **options: Any) -> Any:
        answer = await self._client.request(subject, *arguments, **options)
        if self._losses:
            self._losses -= 1
            raise NatsTimeoutError
        return answer


@pytest.fixture(params=["one broker", "three brokers"])
def any_broker(request: pytest.FixtureRequest) -> NatsServer:
    if request.param == "one broker":
        server: NatsServer = request.getfixturevalue("nats_server")
        return server
    nodes: list[NatsServer] = request.getfixturevalue("nats_cluster")
    return nodes[0]


@pytest.mark.parametrize("losses", [1, 2])
@pytest.mark.parametrize("batch", [False, True], ids=["single", "batch"])
async def test_an_append_whose_acknowledgement_is_lost_is_stored_once(
    any_broker: NatsServer, losses: int, batch: bool
) -> None:
    async with any_broker.connect() as client:
        store = EventStore(LosesAcknowledgements(client, losses), source="test")  # type: ignore[arg-type]
        first, second = uuid7().hex, uuid7().hex
        writes = [vm(0, name=first), vm(0, name=second)] if batch else [vm(0, name=second)]
        sequence = await store.append(writes, CONTEXT)
        assert [recorded.sequence for recorded in await store.load("vm", second)] == [sequence]
        assert len(await store.load("vm", first)) == (1 if batch else 0)


async def test_appends_of_many_writers_at_once_are_whole_and_only_the_stale_ones_are_refused(
    any_broker: NatsServer,
) -> None:
    """Every tenth was decided on a version that is not the log's; the others share batches with it."""
    async with any_broker.connect() as client:
        store = EventStore(client, source="test")
        run = uuid7().hex
        stale = set(range(0, 60, 10))
        for number in stale:
            await store.append([vm(0, name=f"{run}-{number}")], CONTEXT)

        async def write(number: int) -> int:
            first, second = vm(0, name=f"{run}-{number}"), vm(0, STARTED, ENDED, name=f"{run}-{number}-b")
            return await store.append([first, second], CONTEXT)

        outcomes = await asyncio.gather(*(write(number) for number in range(60)), return_exceptions=True)
        assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, ConcurrencyError)} == stale
        for number, outcome in enumerate(outcomes):
            # Of three replicas one may be a moment late.
            known = outcome if isinstance(outcome, int) else 0
            [first] = await store.load("vm", f"{run}-{number}", at_least=known and known - 2)
            history = [first, *await store.load("vm", f"{run}-{number}-b", at_least=known)]
            sequences = [recorded.sequence for recorded in history]
            if isinstance(outcome, int):
                assert sequences == [outcome - 2, outcome - 1, outcome]
            else:
                assert len(sequences) == 1


async def test_many_appends_whose_acknowledgement_is_lost_are_each_stored_once(any_broker: NatsServer) -> None:
    async with any_broker.connect() as client:
        store = EventStore(LosesAcknowledgements(client, 3), source="test")  # type: ignore[arg-type]
        names = [uuid7().hex for _ in range(30)]
        sequences = await asyncio.gather(
            *(store.append([vm(0, name=name), vm(0, name=f"{name}-b")], CONTEXT) for name in names)
        )
        for name, sequence in zip(names, sequences, strict=True):
            assert [recorded.sequence for recorded in await store.load("vm", name)] == [sequence - 1]
            assert [recorded.sequence for recorded in await store.load("vm", f"{name}-b")] == [sequence]


async def test_another_writer_between_the_loss_and_the_retry_is_still_a_conflict(nats_server: NatsServer) -> None:
    """The first try never reached the broker; somebody else's did."""
    async with nats_server.connect() as client:
        other = EventStore(client, source="other")

        class NeverArrives(LosesAcknowledgements):
            async def request(self, subject: str, *arguments: Any, **options: Any) -> Any:
                if self._losses:
                    self._losses -= 1
                    await other.append([vm(0)], CONTEXT)
                    raise NatsTimeoutError
                return await self._client.request(subject, *arguments, **options)

        store = EventStore(NeverArrives(client, 1), source="test")  # type: ignore[arg-type]
        with pytest.raises(ConcurrencyError):
            await store.append([vm(0, ENDED)], CONTEXT)
        assert [r.event for r in await store.load("vm", "a")] == [STARTED]


async def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(nats_server: NatsServer) -> None:
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        names = [uuid7().hex for _ in range(200)]
        await asyncio.gather(*(store.append([vm(0, name=name)], CONTEXT) for name in names))
        nats_server.kill()
        nats_server.start()
        async with nats_server.connect() as again:
            reopened = EventStore(again, source="test")
            for name in names:
                assert len(await reopened.load("vm", name)) == 1


async def test_a_broker_that_is_gone_is_said_to_be_unavailable(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcmp_eventstore.store.APPEND_SECONDS", 1.0)
    async with nats_server.connect() as client:
        store = EventStore(client, source="test")
        nats_server.kill()
        with pytest.raises(StoreUnavailableError):
            await store.append([vm(0)], CONTEXT)
        with pytest.raises(StoreUnavailableError):
            await store.load("vm", "a")


async def test_after_writes_are_refused_nothing_is_appended(event_store: EventStore) -> None:
    event_store.guard.refusal = "the log ends at 5, but a read model has seen 9"
    with pytest.raises(WritesRefusedError, match="has seen 9"):
        await event_store.append([Write("system", "platform", 0, [FactoryResetRequested()])], CONTEXT)
    assert await event_store.load("system", "platform") == []


async def test_different_aggregates_of_one_kind_keep_their_own_versions(event_store: EventStore) -> None:
    await event_store.append([Write("system", "platform", 0, [FactoryResetRequested()])], CONTEXT)
    first = await event_store.append([vm(0)], CONTEXT)
    await event_store.append(
        [Write("system", "other", 0, [FactoryResetCompleted(projects=0, machines=0)])], CONTEXT
    )
    assert await event_store.append([vm(first, ENDED)], CONTEXT) > first
