"""A backup of the streams, taken while they are written, makes the same log on an empty broker."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from nats.aio.client import Client

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.logs import LineFrame
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.backup import snapshots
from hcmp_eventstore.backup.file import BackupFileError, BackupReader, BackupWriter
from hcmp_eventstore.backup.manifest import Manifest
from hcmp_eventstore.backup.snapshots import SnapshotError, take_snapshot
from hcmp_eventstore.backup.streams import back_up_streams, restore_streams
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.logstream import open_log, read_log
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.reader import last_sequence
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import EVENTS, TIMERS
from hcmp_eventstore.timers import set_timer
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.nats import NatsServer

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DOWN = VmMaintenanceStarted(reason="disk")
CONTEXT = Context(actor="account/1", correlation_id="request-1")
Handle = Callable[[Recorded[DomainEvent]], Awaitable[None]]


async def backed_up(client: Client, file: Path) -> Manifest:
    with BackupWriter(file, taken_at=NOW) as writer:
        streams = await back_up_streams(client, writer)
        return writer.finish(streams, platform_version="test")


async def restored(file: Path, client: Client) -> None:
    with BackupReader(file) as reader:
        reader.verify()
        await restore_streams(client, reader)


async def digest(client: Client, *, up_to: int) -> str:
    """Over everything that a message of the event log is, in order."""
    found = hashlib.sha256()
    if not up_to:
        return found.hexdigest()
    subscription = await client.jetstream().subscribe("hcmp.>", stream=EVENTS, ordered_consumer=True)
    async for message in subscription.messages:
        place = message.metadata.sequence.stream
        found.update(repr((place, message.subject, message.headers, message.metadata.timestamp)).encode())
        found.update(message.data)
        if place == up_to:
            break
    await subscription.unsubscribe()
    return found.hexdigest()


@asynccontextmanager
async def writers(*stores: EventStore) -> AsyncIterator[None]:
    """Each appends one event, then twenty in one atomic batch, again and again until the block is left."""
    enough = asyncio.Event()

    async def write(store: EventStore) -> None:
        while not enough.is_set():
            one, *many = (str(uuid4()) for _ in range(21))
            await store.append([Write("vm", one, 0, [DOWN])], CONTEXT)
            await store.append([Write("vm", each, 0, [DOWN]) for each in many], CONTEXT)

    async with asyncio.TaskGroup() as group:
        for store in stores:
            group.create_task(write(store))
        try:
            yield
        finally:
            enough.set()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def reacting(client: Client, handle: Handle, *, subject: str, stream: str = EVENTS) -> AsyncIterator[None]:
    reactor = Reactor(client, "test", "reaction", [subject], handle, slots=3, stream=stream)
    task = asyncio.create_task(reactor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_was_backed_up_among_writes_comes_back_to_the_byte_and_goes_on(
    broker: Client, empty_broker: Client, event_store: EventStore, tmp_path: Path
) -> None:
    await happened(event_store, "vm-1", DOWN)
    log = await open_log(broker, "project-1")
    await log.append([log.number(LineFrame(seq=0, time=NOW, text=f"line {number}")) for number in range(450)])
    async with writers(event_store, event_store, event_store):
        await asyncio.sleep(0.5)
        manifest = await backed_up(broker, tmp_path / "backup.tar")
        await asyncio.sleep(0.1)
    record = manifest.stream(EVENTS)
    assert record is not None
    assert record.is_whole
    written = (await broker.jetstream().stream_info(EVENTS)).state.last_seq
    assert 21 < record.last_sequence < written

    await restored(tmp_path / "backup.tar", empty_broker)

    last = record.last_sequence
    assert (await empty_broker.jetstream().stream_info(EVENTS)).state.last_seq == last
    assert await digest(empty_broker, up_to=last) == await digest(broker, up_to=last)
    async with aclosing(read_log(empty_broker, "project-1")) as frames:
        lines = [(await anext(frames)).seq for _ in range(450)]
    assert lines == list(range(1, 451))
    continued = await open_log(empty_broker, "project-1")
    await continued.append([continued.number(LineFrame(seq=0, time=NOW, text="one more"))])
    assert continued.sequence == 451
    after = await happened(EventStore(empty_broker, source="test"), "vm-1", VmMaintenanceEnded())
    assert after == last + 1


async def test_a_stream_larger_than_what_is_under_way_at_once_comes_back(
    broker: Client, empty_broker: Client, tmp_path: Path
) -> None:
    chance = random.Random(1)
    written = [chance.randbytes(900_000) for _ in range(14)]
    for each in written:
        await broker.jetstream().publish("hcmp.log.large", each)
    told: dict[str, int] = {}

    def tell(stream: str, count: int) -> None:
        told[stream] = told.get(stream, 0) + count

    with BackupWriter(tmp_path / "backup.tar", taken_at=NOW) as writer:
        writer.finish(await back_up_streams(broker, writer, tell), platform_version="test")
    assert told["LOGS"] > 14 * 900_000  # what cannot be compressed, and more than the broker's window of 8 MiB
    await restored(tmp_path / "backup.tar", empty_broker)
    read = [(await empty_broker.jetstream().get_msg("LOGS", number)).data for number in range(1, 15)]
    assert read == written


async def test_no_backup_ends_inside_a_batch(broker: Client, event_store: EventStore) -> None:
    async with writers(*[event_store] * 4):
        for _ in range(40):
            taken = await take_snapshot(broker, EVENTS, lambda _: None)
            if not (last := int(str(taken.state["last_seq"]))):
                continue
            headers = (await broker.jetstream().get_msg(EVENTS, last)).headers or {}
            assert ("Nats-Batch-Id" in headers) == ("Nats-Batch-Commit" in headers), last


async def test_a_reaction_repeats_nothing_that_was_done_and_loses_nothing_that_was_not(
    broker: Client, empty_broker: Client, event_store: EventStore, tmp_path: Path
) -> None:
    before: list[str] = []
    after: list[str] = []

    async def first(recorded: Recorded[DomainEvent]) -> None:
        if recorded.aggregate_id == "hanging":
            await asyncio.Event().wait()
        before.append(recorded.aggregate_id)

    async def second(recorded: Recorded[DomainEvent]) -> None:
        after.append(recorded.aggregate_id)

    subject = "hcmp.vm.*.maintenance-started"
    for name in ("done-1", "done-2"):
        await happened(event_store, name, DOWN)
    await happened(event_store, "other", VmMaintenanceEnded())  # not the reaction's
    async with reacting(broker, first, subject=subject):
        await until(lambda: len(before) == 2)
        await happened(event_store, "hanging", DOWN)
        await happened(event_store, "done-beside-it", DOWN)
        await until(lambda: len(before) == 3)
        await backed_up(broker, tmp_path / "backup.tar")
    await restored(tmp_path / "backup.tar", empty_broker)
    async with reacting(empty_broker, second, subject=subject):
        await happened(EventStore(empty_broker, source="test"), "new", DOWN)
        await until(lambda: "new" in after)
    # What was done out of turn, behind what hangs, is told again: reactions bear that.
    assert after == ["hanging", "done-beside-it", "new"]


async def test_timers_that_were_set_go_off_after_a_restore_and_those_that_were_heard_do_not(
    broker: Client, empty_broker: Client, event_store: EventStore, tmp_path: Path
) -> None:
    before: list[str] = []
    after: list[str] = []

    async def first(recorded: Recorded[DomainEvent]) -> None:
        before.append(recorded.aggregate_id)

    async def second(recorded: Recorded[DomainEvent]) -> None:
        after.append(recorded.aggregate_id)

    async def due(name: str, at: datetime) -> None:
        await happened(event_store, name, DOWN)
        [recorded] = await event_store.load("vm", name)
        payload = recorded.envelope.model_dump_json().encode()
        await set_timer(
            broker, name=f"hcmp.timer.at.{name}", target=f"hcmp.timer.due.{name}", at=at, payload=payload
        )

    start = datetime.now(UTC)
    async with reacting(broker, first, subject="hcmp.timer.due.*", stream=TIMERS):
        await due("heard", start)
        await until(lambda: bool(before))
    await due("unheard", start)
    await due("coming", start + timedelta(seconds=2))
    await eventually(lambda: last_sequence(broker, stream=TIMERS, subjects=["hcmp.timer.due.unheard"]), bool)
    await backed_up(broker, tmp_path / "backup.tar")
    await restored(tmp_path / "backup.tar", empty_broker)
    async with reacting(empty_broker, second, subject="hcmp.timer.due.*", stream=TIMERS):
        await until(lambda: len(after) == 2)
    assert (before, after) == (["heard"], ["unheard", "coming"])


async def test_a_backup_of_a_cluster_comes_back_on_one_broker(
    nats_cluster: list[NatsServer], empty_broker: Client, tmp_path: Path
) -> None:
    async with nats_cluster[1].connect() as client:
        last = await happened(EventStore(client, source="test"), str(uuid4()), DOWN)
        await backed_up(client, tmp_path / "backup.tar")
        await restored(tmp_path / "backup.tar", empty_broker)
        assert await digest(empty_broker, up_to=last) == await digest(client, up_to=last)
    config = (await empty_broker.jetstream().stream_info(EVENTS)).config
    assert config.num_replicas == 1


async def test_a_stream_that_exists_is_never_overwritten(
    broker: Client, event_store: EventStore, tmp_path: Path
) -> None:
    await backed_up(broker, tmp_path / "backup.tar")
    await happened(event_store, "vm-1", DOWN)
    with pytest.raises(SnapshotError, match="already in use"):
        await restored(tmp_path / "backup.tar", broker)
    assert len(await event_store.load("vm", "vm-1")) == 1


async def test_a_broker_that_goes_away_ends_the_backup_and_leaves_no_file(
    nats_server: NatsServer,
    broker: Client,
    event_store: EventStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "ANSWER_SECONDS", 0.5)
    await happened(event_store, "vm-1", DOWN)
    nats_server.kill()
    with pytest.raises(StoreUnavailableError):
        await backed_up(broker, tmp_path / "backup.tar")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_a_backup_of_another_length_than_it_says_is_not_taken_for_whole(
    broker: Client, empty_broker: Client, event_store: EventStore, tmp_path: Path
) -> None:
    await happened(event_store, "vm-1", DOWN)
    with BackupWriter(tmp_path / "backup.tar", taken_at=NOW) as writer:
        said = [
            record.model_copy(update={"messages": 2, "last_sequence": 2}) if record.name == EVENTS else record
            for record in await back_up_streams(broker, writer)
        ]
        writer.finish(said, platform_version="test")
    with pytest.raises(BackupFileError, match="EVENTS came back with 1 messages up to 1, not 2 up to 2"):
        await restored(tmp_path / "backup.tar", empty_broker)
