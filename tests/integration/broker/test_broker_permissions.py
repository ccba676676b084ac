"""Ownership is enforced by the broker: each service's account reaches what its service needs, and no more.

Against the real nats-server with the configuration of an installation. What a stolen credential may try stands
in `test_broker_attacks.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from hcmp_cli import broker
from hcmp_cli.installation import Installation
from hcmp_contracts.catalogue import AGGREGATES
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.logs import LineFrame
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.backup.file import BackupWriter
from hcmp_eventstore.backup.snapshots import take_snapshot
from hcmp_eventstore.backup.streams import back_up_streams
from hcmp_eventstore.logstream import open_log, read_log
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.reader import last_sequence, read_batches
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore, Write, utc_now
from hcmp_eventstore.streams import DEAD_LETTERS, EVENTS, LOGS, TIMERS
from hcmp_eventstore.timers import set_timer

CONTEXT = Context(actor="account/1", correlation_id="request-1")
ENVELOPE = (Path(__file__).parents[2] / "golden" / "events" / "hcmp.project.lease-extended.v1.json").read_bytes()

OWNED = {
    "auth": ["hcmp.account.a1.registered", "hcmp.session.s1.ended", "hcmp.ssh-certificate.c1.issued"],
    "inventory": [
        "hcmp.vm.v1.reserved",
        "hcmp.allocation.p1.granted",
        "hcmp.pool-policy.p1.set",
        "hcmp.settings.platform.changed",
        "hcmp.system.platform.factory-reset-requested",
    ],
    "provisioner": [
        "hcmp.project.p1.requested",
        "hcmp.quota.a1.claimed",
        "hcmp.log.p1",
        "hcmp.timer.lease-due.p1",
    ],
    "monitor": ["hcmp.dead-letter.1.recorded"],
    "terminal": ["hcmp.terminal-session.s1.opened"],
}
SERVICES = tuple(OWNED)
Login = Callable[[str], Awaitable[Client]]


async def stores(client: Client, subject: str) -> bool:
    """Publish, and hear whether a stream took it: it acknowledges, or nobody is there."""
    try:
        answer = await client.request(subject, b"{}", timeout=5)
    except NoRespondersError:
        return False
    return "seq" in json.loads(answer.data)


def test_every_aggregate_of_the_log_has_an_owner() -> None:
    owned = {subject.split(".")[1] for subjects in OWNED.values() for subject in subjects}
    assert set(AGGREGATES) - owned == set()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_appends_what_it_owns_and_nothing_else(login: Login, service: str) -> None:
    client = await login(service)
    everything = [subject for subjects in OWNED.values() for subject in subjects]
    assert [subject for subject in everything if await stores(client, subject)] == OWNED[service]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_only_its_own_dead_letters(login: Login, service: str) -> None:
    client = await login(service)
    written = [other for other in SERVICES if await stores(client, f"hcmp.deadletter.{other}.reaction")]
    assert written == [service]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_the_log_and_loads_from_it(login: Login, service: str) -> None:
    """By everything that the event store's library does with a connection."""
    vm = uuid4().hex
    written = await EventStore(await login("inventory"), source="inventory").append(
        [Write("vm", vm, 0, [VmMaintenanceStarted(reason="disk")])], CONTEXT
    )
    client = await login(service)
    assert [event.sequence for event in await EventStore(client, source=service).load("vm", vm)] == [written]
    assert await last_sequence(client, stream=EVENTS, subjects=[f"hcmp.vm.{vm}.*"]) == written
    assert (await client.jetstream().stream_info(EVENTS)).state.last_seq >= written
    async with aclosing(read_batches(client, stream=EVENTS, subjects=[f"hcmp.vm.{vm}.*"], after=0)) as batches:
        assert [message.sequence for message in await anext(batches)] == [written]


@pytest.mark.parametrize("service", ["inventory", "provisioner"])
async def test_a_service_reacts_and_its_acknowledgements_count(login: Login, service: str) -> None:
    vm, heard = uuid4().hex, asyncio.Event()
    await EventStore(await login("inventory"), source="inventory").append(
        [Write("vm", vm, 0, [VmMaintenanceStarted(reason="disk")])], CONTEXT
    )

    async def handle(_: Recorded[DomainEvent]) -> None:
        heard.set()

    client = await login(service)
    reactor = Reactor(client, service, vm, [f"hcmp.vm.{vm}.*"], handle)
    async with _running(reactor.run()), asyncio.timeout(10):
        await heard.wait()
        while await _pending(client, reactor.durable):
            await asyncio.sleep(0.05)


async def _pending(client: Client, durable: str) -> bool:
    """Whether the consumer hands out anything: what was acknowledged it does not."""
    answer = await client.request(
        f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{durable}", b'{"batch": 1, "no_wait": true}'
    )
    return (answer.headers or {}).get("Status") != "404"


async def test_the_provisioner_keeps_logs_and_timers(login: Login) -> None:
    client, project = await login("provisioner"), uuid4().hex
    writer = await open_log(client, project)
    await writer.append([writer.number(LineFrame(seq=0, time=utc_now(), text="a line"))])
    assert (await open_log(client, project)).sequence == 1
    async with aclosing(read_log(client, project)) as frames:
        assert (await anext(frames)).seq == 1
    heard = asyncio.Event()

    async def handle(_: Recorded[DomainEvent]) -> None:
        heard.set()

    target = f"hcmp.timer.due.{project}"
    await set_timer(client, name=f"hcmp.timer.set.{project}", target=target, at=utc_now(), payload=ENVELOPE)
    reactor = Reactor(client, "provisioner", project, [target], handle, stream=TIMERS)
    async with _running(reactor.run()), asyncio.timeout(10):
        await heard.wait()


async def test_the_monitor_reads_the_dead_letters(login: Login) -> None:
    reaction = uuid4().hex
    assert await stores(await login("inventory"), f"hcmp.deadletter.inventory.{reaction}")
    subjects = [f"hcmp.deadletter.*.{reaction}"]
    reading = read_batches(await login("monitor"), stream=DEAD_LETTERS, subjects=subjects, after=0)
    async with aclosing(reading) as batches:
        assert len(await anext(batches)) == 1


async def test_the_archive_reads_the_log_and_writes_nothing(login: Login) -> None:
    assert await stores(await login("inventory"), "hcmp.vm.v9.reserved")
    archive = await login("archive")
    assert (await archive.jetstream().stream_info(EVENTS)).state.last_seq > 0
    async with aclosing(read_batches(archive, stream=EVENTS, subjects=[">"], after=0)) as batches:
        assert await anext(batches)
    everything = [subject for subjects in OWNED.values() for subject in subjects]
    assert not any([await stores(archive, subject) for subject in [*everything, "hcmp.deadletter.archive.x"]])


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_its_own_requests_and_no_others(login: Login, service: str) -> None:
    answering, other = await login(service), "monitor" if service == "auth" else "auth"
    asking = await login("auth" if service == "terminal" else "terminal")

    async def answer(message: Msg) -> None:
        await message.respond(b"yes")

    await answering.subscribe(f"hcmp.rpc.{service}.ask", cb=answer)
    await answering.subscribe(f"hcmp.rpc.{other}.ask", cb=answer)
    # The client's ping may overtake what was sent before it, so one is not enough.
    await answering.flush()
    await answering.flush()
    assert (await asking.request(f"hcmp.rpc.{service}.ask", b"", timeout=5)).data == b"yes"
    with pytest.raises(NoRespondersError):
        await asking.request(f"hcmp.rpc.{other}.ask", b"", timeout=5)


async def test_the_reset_empties_the_logs(login: Login) -> None:
    assert await stores(await login("provisioner"), "hcmp.log.p9")
    answer = await (await login("reset")).request("$JS.API.STREAM.PURGE.LOGS", b"", timeout=5)
    assert json.loads(answer.data)["success"]


async def answered(client: Client, subject: str, request: object = None) -> bool:
    """Whether anybody answers; the broker is silent about what a user may not ask."""
    try:
        await client.request(subject, json.dumps(request).encode() if request else b"", timeout=0.5)
    except (NoRespondersError, TimeoutError):
        return False
    return True


@pytest.mark.parametrize("user", ["backup", "reset"])
async def test_who_may_take_a_backup_needs_no_more_for_it(login: Login, user: str, tmp_path: Path) -> None:
    assert await stores(await login("inventory"), "hcmp.vm.v1.reserved")
    with BackupWriter(tmp_path / "backup.tar", taken_at=utc_now()) as writer:
        taken = await back_up_streams(await login(user), writer)
    assert {record.name for record in taken} >= {"EVENTS", "LOGS", "TIMERS"}


@pytest.mark.parametrize("user", ["backup", "restore", "reset"])
async def test_who_keeps_the_streams_writes_nothing_into_them(login: Login, user: str) -> None:
    client = await login(user)
    for subject in ("hcmp.vm.v1.reserved", "hcmp.log.p1", "hcmp.timer.lease-due.p1"):
        assert not await answered(client, subject)


@pytest.mark.parametrize("user", ["backup", "reset"])
async def test_what_whoever_keeps_the_streams_is_answered_is_never_a_message_of_theirs(
    login: Login, user: str
) -> None:
    """A permission covers no reply, and they stand in the streams' own account: their answers could be stored."""
    client = await login(user)
    for subject in ("$JS.API.CONSUMER.MSG.NEXT.EVENTS.x", "$JS.API.DIRECT.GET.EVENTS"):
        assert not await answered(client, subject, {"seq": 1})


@pytest.mark.parametrize("service", [*SERVICES, "archive", "consumer"])
async def test_no_service_takes_whole_streams_out_or_brings_any_back(login: Login, service: str) -> None:
    client = await login(service)
    for subject in ("$JS.API.STREAM.SNAPSHOT.EVENTS", "$JS.API.STREAM.RESTORE.OTHER"):
        assert not await answered(client, subject)


async def test_a_restore_may_not_overwrite_a_stream(login: Login) -> None:
    request = json.dumps({"config": {"name": "EVENTS"}, "state": {}}).encode()
    answer = await (await login("restore")).request("$JS.API.STREAM.RESTORE.EVENTS", request, timeout=5)
    assert json.loads(answer.data)["error"]["description"] == "stream name already in use, cannot restore"


@pytest.mark.parametrize("user", ["reset", "backup"])
async def test_a_backup_takes_streams_out(login: Login, user: str) -> None:
    assert await stores(await login("provisioner"), "hcmp.log.p8")
    pieces: list[bytes] = []
    taken = await take_snapshot(await login(user), LOGS, pieces.append)
    assert taken.state["messages"]
    assert sum(len(piece) for piece in pieces) > 0


async def test_setup_may_run_again(installation: Installation) -> None:
    broker.prepare(installation.ports, installation.credentials)


@asynccontextmanager
async def _running(coroutine: Coroutine[object, object, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(("user", "password"), [("inventory", "guess"), ("nobody", "x"), ("", "")])
async def test_a_wrong_name_or_password_is_refused(installation: Installation, user: str, password: str) -> None:
    # Spoken by hand: the client leaves its socket open when it is refused.
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.ports.nats)
    try:
        await reader.readline()
        writer.write(f"CONNECT {json.dumps({'user': user, 'pass': password})}\r\nPING\r\n".encode())
        assert await reader.readline() == b"-ERR 'Authorization Violation'\r\n"
    finally:
        writer.close()
        await writer.wait_closed()
