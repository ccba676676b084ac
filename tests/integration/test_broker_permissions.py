"""Ownership is enforced by the broker: each service's user may do what its service does, and no more.

Against the real nats-server with the configuration of an installation.
"""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig

from hcmp_cli import broker, home
from hcmp_cli.installation import Installation, open_home
from hcmp_eventstore.reader import read_once

OWNED = {
    "auth": ["hcmp.account.a1.registered", "hcmp.api-token.t1.issued", "hcmp.ssh-certificate.c1.issued"],
    "inventory": [
        "hcmp.vm.v1.reserved",
        "hcmp.allocation.p1.granted",
        "hcmp.settings.main.changed",
        "hcmp.system.main.factory-reset-requested",
    ],
    "provisioner": ["hcmp.project.p1.requested", "hcmp.log.p1", "hcmp.timer.lease-due.p1"],
    "monitor": ["hcmp.vm-health.v1.unreachable"],
    "terminal": ["hcmp.terminal-session.s1.opened"],
}
SERVICES = tuple(OWNED)
FOREIGN = [
    (service, subject)
    for service in SERVICES
    for owner, subjects in OWNED.items()
    if owner != service
    for subject in subjects
]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    opened = open_home(tmp_path_factory.mktemp("broker") / "home", free_ports=True)
    process = broker.process(opened.home, opened.ports, opened.credentials)
    server = subprocess.Popen(
        process.command, env=os.environ | process.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 15
        while not broker.answers(opened.ports):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        broker.prepare(opened.ports, opened.credentials)
        yield opened
    finally:
        server.kill()
        server.wait()
        home.remove(opened.home)


class User:
    """A connection of one of the broker's users, and what the broker refused it."""

    def __init__(self, client: Client, refusals: list[str]) -> None:
        self.client = client
        self.refusals = refusals

    async def may(self, subject: str, payload: bytes = b"{}", *, reply: str = "") -> bool:
        """Publish, and hear whether the broker let it pass."""
        await self.client.publish(subject, payload, reply=reply)
        return await self._unrefused()

    async def may_subscribe(self, subject: str, answer: Callable[[Msg], Awaitable[None]] | None = None) -> bool:
        await self.client.subscribe(subject, cb=answer)
        return await self._unrefused()

    async def _unrefused(self) -> bool:
        # The client's ping may overtake what was published before it, so one is not enough.
        await self.client.flush()
        await self.client.flush()
        return not self.refusals


Login = Callable[[str], Awaitable[User]]


@pytest.fixture
async def login(installation: Installation) -> AsyncIterator[Login]:
    async with AsyncExitStack() as stack:

        async def enter(name: str) -> User:
            return await stack.enter_async_context(_user(installation, name))

        yield enter


@asynccontextmanager
async def _user(installation: Installation, name: str) -> AsyncIterator[User]:
    refusals: list[str] = []

    async def refused(error: Exception) -> None:
        refusals.append(str(error))

    client = await nats.connect(
        broker.url(installation.ports),
        user=name,
        password=broker.password(installation.credentials, name),
        error_cb=refused,
    )
    try:
        yield User(client, refusals)
    finally:
        await client.close()


@pytest.mark.parametrize(("service", "subject"), [(s, subject) for s, all_ in OWNED.items() for subject in all_])
async def test_a_service_publishes_what_it_owns(login: Login, service: str, subject: str) -> None:
    assert await (await login(service)).may(subject)


@pytest.mark.parametrize(("service", "subject"), FOREIGN)
async def test_a_service_cannot_publish_what_another_owns(login: Login, service: str, subject: str) -> None:
    assert not await (await login(service)).may(subject)


async def test_the_inventory_cannot_request_a_project(login: Login) -> None:
    inventory = await login("inventory")
    assert not await inventory.may("hcmp.project.x.requested")
    assert "permissions violation" in inventory.refusals[0].lower()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_only_its_own_dead_letters(login: Login, service: str) -> None:
    assert await (await login(service)).may(f"hcmp.deadletter.{service}.EVENTS.1")
    other = "monitor" if service == "auth" else "auth"
    assert not await (await login(service)).may(f"hcmp.deadletter.{other}.EVENTS.1")


@pytest.mark.parametrize("service", [*SERVICES, "archive"])
@pytest.mark.parametrize(
    "subject", ["hcmp.>", "hcmp.vm.>", "hcmp.account.*.registered", ">", "$JS.>", "hcmp.rpc.>"]
)
async def test_nobody_overhears_events_or_requests(login: Login, service: str, subject: str) -> None:
    assert not await (await login(service)).may_subscribe(subject)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_the_log_through_a_consumer(login: Login, service: str) -> None:
    await (await login("inventory")).client.jetstream().publish("hcmp.vm.v1.reserved", b"read me")
    user = await login(service)
    reader = await user.client.jetstream().pull_subscribe(
        "hcmp.vm.>", stream="EVENTS", config=ConsumerConfig(inactive_threshold=5)
    )
    [message] = await reader.fetch(1, timeout=5)
    await message.ack_sync()
    assert user.refusals == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_its_own_requests_and_no_others(login: Login, service: str) -> None:
    answering = await login(service)
    asking = await login("auth" if service == "terminal" else "terminal")

    async def answer(message: Msg) -> None:
        await message.respond(b"yes")

    assert await answering.may_subscribe(f"hcmp.rpc.{service}.ask", answer)
    assert (await asking.client.request(f"hcmp.rpc.{service}.ask", b"", timeout=5)).data == b"yes"
    other = "monitor" if service == "auth" else "auth"
    assert not await answering.may_subscribe(f"hcmp.rpc.{other}.>")


async def test_the_archive_reads_the_log_and_writes_nothing(login: Login) -> None:
    await (await login("inventory")).client.jetstream().publish("hcmp.vm.v1.reserved", b"archive me")
    archive = await login("archive")
    assert (await archive.client.jetstream().stream_info("EVENTS")).state.last_seq > 0
    batches = read_once(archive.client, stream="EVENTS", subjects=[">"], after=0)
    async with aclosing(batches), asyncio.timeout(5):
        assert await anext(batches)
    assert archive.refusals == []


@pytest.mark.parametrize(
    "subject",
    [
        *(subject for subjects in OWNED.values() for subject in subjects),
        "hcmp.deadletter.archive.EVENTS.1",
        "hcmp.rpc.auth.verify-password",
        "$JS.API.CONSUMER.CREATE.LOGS.mine",
        "$JS.API.STREAM.MSG.GET.LOGS",
        "$JS.ACK.EVENTS.inventory-granting.1.1.1.1.1",
    ],
)
async def test_the_archive_has_no_other_right(login: Login, subject: str) -> None:
    assert not await (await login("archive")).may(subject)


@pytest.mark.parametrize("service", [*SERVICES, "archive", "setup", "reset"])
@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.MSG.DELETE.EVENTS",
        "$JS.API.STREAM.RESTORE.EVENTS",
        "$JS.API.CONSUMER.DELETE.EVENTS.inventory",
    ],
)
async def test_nobody_deletes_or_purges_the_event_log(login: Login, service: str, subject: str) -> None:
    assert not await (await login(service)).may(subject)


@pytest.mark.parametrize("service", [*SERVICES, "reset"])
@pytest.mark.parametrize("verb", ["CREATE", "UPDATE"])
async def test_only_setup_changes_streams(login: Login, service: str, verb: str) -> None:
    assert not await (await login(service)).may(f"$JS.API.STREAM.{verb}.EVENTS")


@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_purges_the_logs(login: Login, service: str) -> None:
    assert not await (await login(service)).may("$JS.API.STREAM.PURGE.LOGS")


async def test_the_reset_empties_the_logs(login: Login) -> None:
    await (await login("provisioner")).client.jetstream().publish("hcmp.log.p9", b"a line")
    reset = await login("reset")
    answer = await reset.client.request("$JS.API.STREAM.PURGE.LOGS", b"", timeout=5)
    assert json.loads(answer.data)["success"]
    assert reset.refusals == []


async def test_setup_may_run_again(installation: Installation) -> None:
    broker.prepare(installation.ports, installation.credentials)


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
