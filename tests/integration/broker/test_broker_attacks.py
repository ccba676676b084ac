"""A stolen credential straight at the broker: what its service does not need, it does not reach.

Each test tries with the credential of every service and of programs outside. What each of them may do stands in
`test_broker_permissions.py`, and there too what those may who keep the streams.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.api import AckPolicy, ConsumerConfig

from hcmp_eventstore.pull import Puller
from hcmp_eventstore.streams import DEAD_LETTERS, EVENTS, LOGS, TIMERS, stream_configs
from hcmp_testkit.nats import NatsServer

Login = Callable[[str], Awaitable[Client]]

STREAMS = (EVENTS, LOGS, TIMERS, DEAD_LETTERS)
OWNERS = {
    "auth": ("hcmp.account.", "hcmp.session.", "hcmp.ssh-certificate."),
    "inventory": ("hcmp.vm.", "hcmp.allocation.", "hcmp.settings.", "hcmp.system."),
    "provisioner": ("hcmp.project.", "hcmp.log.", "hcmp.timer."),
    "monitor": ("hcmp.dead-letter.",),
    "terminal": ("hcmp.terminal-session.",),
    "consumer": (),
}
TARGETS = (
    "hcmp.account.x.role-changed",
    "hcmp.session.x.ended",
    "hcmp.ssh-certificate.x.issued",
    "hcmp.vm.x.reserved",
    "hcmp.project.x.deleted",
    "hcmp.terminal-session.x.opened",
    "hcmp.dead-letter.x.recorded",
    "hcmp.log.x",
    "hcmp.timer.lease-due.x",
    "hcmp.deadletter.auth.x",
)
INFO, NEXT, CREATE = "$JS.API.STREAM.INFO", "$JS.API.CONSUMER.MSG.NEXT", "$JS.API.CONSUMER.CREATE"

everyone = pytest.mark.parametrize("thief", OWNERS)


def foreign(thief: str) -> list[str]:
    """The subjects that are not the thief's to write."""
    return [target for target in TARGETS if not target.startswith((*OWNERS[thief], f"hcmp.deadletter.{thief}."))]


async def settled(client: Client) -> None:
    """The broker has all that was sent. The client's ping may overtake it, so one is not enough."""
    await client.flush()
    await client.flush()


async def ends(setup: Client) -> dict[str, int]:
    """The last sequence of every stream, once the broker has done what it was asked before."""
    return {stream: (await setup.jetstream().stream_info(stream)).state.last_seq for stream in STREAMS}


def questions(consumer: str) -> list[tuple[str, bytes]]:
    """Every kind of request that the broker or a service answers."""
    one = b'{"batch": 1, "no_wait": true}'
    return [
        ("$JS.API.INFO", b""),
        (f"{INFO}.{EVENTS}", b""),
        (f"$JS.API.STREAM.MSG.GET.{EVENTS}", b'{"seq": 1}'),
        (f"$JS.API.DIRECT.GET.{EVENTS}", b'{"seq": 1}'),
        (f"{CREATE}.{EVENTS}.{consumer}", consumer_request(EVENTS, consumer)),
        *((f"{NEXT}.{stream}.{consumer}", one) for stream in STREAMS),
        ("hcmp.rpc.auth.ask", b""),
    ]


def consumer_request(stream: str, name: str, **config: str) -> bytes:
    made = {"name": name, "deliver_policy": "all", "ack_policy": "none", "inactive_threshold": 30_000_000_000}
    return json.dumps({"stream_name": stream, "config": made | config}).encode()


async def something_in_every_stream(login: Login) -> None:
    provisioner = (await login("provisioner")).jetstream()
    for subject in ("hcmp.project.y.requested", "hcmp.log.y", "hcmp.timer.y.y", "hcmp.deadletter.provisioner.y"):
        await provisioner.publish(subject, b"{}")


@everyone
async def test_no_answer_is_stored_as_an_event(login: Login, thief: str) -> None:
    """A request's reply may be any subject, and the broker itself puts the answer there."""
    setup, client, auth = await login("setup"), await login(thief), await login("auth")
    await something_in_every_stream(login)

    async def answer(message: Msg) -> None:
        await message.respond(b"yes")

    await auth.subscribe("hcmp.rpc.auth.ask", cb=answer)
    await settled(auth)
    name = f"thief-{thief}"
    for stream in STREAMS:
        await client.publish(f"{CREATE}.{stream}.{name}", consumer_request(stream, name))
    before = await ends(setup)
    for subject, payload in questions(name):
        for target in foreign(thief):
            await client.publish(subject, payload, reply=target)
    await settled(client)
    await asyncio.sleep(0.2)  # answers are on their way for as long as no one hears them
    await auth.flush()
    assert await ends(setup) == before


async def test_within_one_account_the_broker_would_store_its_answers(nats_server: NatsServer) -> None:
    """Why services have accounts of their own: permissions do not cover replies."""
    async with nats_server.connect() as client:
        jetstream = client.jetstream()
        await jetstream.publish("hcmp.log.y", b"a forged event")
        await jetstream.add_consumer(LOGS, ConsumerConfig(name="thief", ack_policy=AckPolicy.NONE))
        await client.publish(f"{NEXT}.{LOGS}.thief", b'{"batch": 1}', reply="hcmp.account.x.role-changed")
        await settled(client)
        async with asyncio.timeout(5):
            while (await jetstream.stream_info(EVENTS)).state.last_seq == 0:
                await asyncio.sleep(0.02)
        assert (await jetstream.get_msg(EVENTS, 1)).data == b"a forged event"


@everyone
async def test_no_consumer_pushes_into_another_stream(login: Login, thief: str) -> None:
    setup, client = await login("setup"), await login(thief)
    await something_in_every_stream(login)
    before = await ends(setup)
    for stream in STREAMS:
        for number, target in enumerate(TARGETS):
            name = f"push-{thief}-{number}"
            request = consumer_request(stream, name, deliver_subject=target)
            await client.publish(f"{CREATE}.{stream}.{name}", request)
    await settled(client)
    await asyncio.sleep(0.2)
    assert await ends(setup) == before


@everyone
async def test_no_snapshot_is_taken_into_another_stream(login: Login, thief: str) -> None:
    setup, client = await login("setup"), await login(thief)
    await something_in_every_stream(login)
    before = await ends(setup)
    for target in TARGETS:
        await client.publish(
            f"$JS.API.STREAM.SNAPSHOT.{LOGS}", json.dumps({"deliver_subject": target}).encode(), reply="_INBOX.x"
        )
    await settled(client)
    await asyncio.sleep(0.5)
    assert await ends(setup) == before


@everyone
async def test_nobody_writes_what_another_owns(login: Login, thief: str) -> None:
    client = await login(thief)
    for target in foreign(thief):
        with pytest.raises(NoRespondersError):
            await client.request(target, b"{}", timeout=5)


@everyone
async def test_nobody_overhears_events_requests_or_answers(login: Login, thief: str) -> None:
    inventory, auth = await login("inventory"), await login("auth")
    if thief in ("inventory", "auth"):
        inventory, auth = await login("provisioner"), await login("terminal")
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    async def answer(message: Msg) -> None:
        await message.respond(b"secret")

    stolen = await login(thief)
    await stolen.subscribe(">", cb=hear)
    service = "terminal" if thief in ("inventory", "auth") else "auth"
    await auth.subscribe(f"hcmp.rpc.{service}.secret", cb=answer)
    await asyncio.gather(settled(stolen), settled(auth))
    assert (await inventory.request(f"hcmp.rpc.{service}.secret", b"", timeout=5)).data == b"secret"
    await inventory.request(f"$JS.API.DIRECT.GET.{EVENTS}", b'{"seq": 1}', timeout=5)
    if thief != "provisioner":
        await something_in_every_stream(login)
    await stolen.flush()
    assert heard == []


@everyone
async def test_nobody_takes_answers_for_or_changes_a_services_reaction(login: Login, thief: str) -> None:
    owner, name, subject = "inventory", "inventory-granting", f"hcmp.vm.{thief}.reserved"
    if thief == owner:
        owner, name, subject = "provisioner", "provisioner-worker", f"hcmp.project.{thief}.deleted"
    service, client = await login(owner), await login(thief)
    config = ConsumerConfig(name=name, durable_name=name, ack_policy=AckPolicy.EXPLICIT, ack_wait=0.3)
    await service.jetstream().add_consumer(EVENTS, config, filter_subjects=[subject])
    stored = (await service.jetstream().publish(subject, b"{}")).seq
    first = await take(service, name)
    changed = json.dumps({"stream_name": EVENTS, "config": {"name": name, "filter_subject": "hcmp.vm.no.such"}})
    for attack, payload in (
        (f"{NEXT}.{EVENTS}.{name}", b'{"batch": 1, "expires": 3000000000}'),
        (first.reply, b"+TERM"),
        (first.reply, b"+ACK"),
        (f"{CREATE}.{EVENTS}.{name}", changed.encode()),
        (f"{CREATE}.{EVENTS}.{name}.hcmp.vm.no.such", changed.encode()),
        (f"$JS.API.CONSUMER.DURABLE.CREATE.{EVENTS}.{name}", changed.encode()),
        (f"$JS.API.CONSUMER.DELETE.{EVENTS}.{name}", b""),
    ):
        await client.publish(attack, payload, reply="_INBOX.thief")
    await settled(client)
    again = await take(service, name)
    assert (again.metadata.sequence.stream, again.metadata.num_delivered) == (stored, 2)
    await again.ack_sync()


PURPOSES = {"provisioner": "run", "terminal": "session", "inventory": "probe"}


@everyone
async def test_a_stolen_credential_gets_ssh_certificates_for_its_own_purpose_only(
    login: Login, thief: str
) -> None:
    auth, client = await login("auth"), await login(thief)
    asked: list[str] = []

    async def sign(message: Msg) -> None:
        asked.append(message.subject)
        await message.respond(b"signed")

    if thief != "auth":
        await auth.subscribe("hcmp.rpc.auth.ssh-certificate.*", cb=sign)
        await settled(auth)
    for purpose in PURPOSES.values():
        subject = f"hcmp.rpc.auth.ssh-certificate.{purpose}"
        if PURPOSES.get(thief) == purpose:
            assert (await client.request(subject, b"{}", timeout=5)).data == b"signed"
        else:
            with pytest.raises(NoRespondersError):
                await client.request(subject, b"{}", timeout=5)
    await settled(auth)
    assert asked == [f"hcmp.rpc.auth.ssh-certificate.{PURPOSES[thief]}" for _ in (1,) if thief in PURPOSES]


@everyone
async def test_nobody_answers_in_place_of_the_certificate_authority(login: Login, thief: str) -> None:
    client, worker = await login(thief), await login("provisioner")

    async def forge(message: Msg) -> None:
        await message.respond(b"forged")

    if thief not in ("auth", "provisioner"):  # the one is the authority, the other would deceive itself
        await client.subscribe("hcmp.rpc.auth.>", cb=forge)
        await settled(client)
        with pytest.raises(NoRespondersError):
            await worker.request("hcmp.rpc.auth.ssh-certificate.run", b"{}", timeout=5)


async def take(client: Client, consumer: str) -> Msg:
    async with Puller(client, stream=EVENTS, consumer=consumer, batch=1) as puller, asyncio.timeout(10):
        return await puller.next()


@pytest.mark.parametrize("thief", [*OWNERS, "setup"])
async def test_nobody_deletes_purges_or_weakens_the_event_log(login: Login, thief: str) -> None:
    setup, client = await login("setup"), await login(thief)
    await something_in_every_stream(login)
    before, config = await ends(setup), (await setup.jetstream().stream_info(EVENTS)).config
    weak = stream_configs(1)[0].evolve(deny_purge=False, deny_delete=False, max_msgs=1).as_dict()
    for verb in ("DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT", "LEADER.STEPDOWN", "PEER.REMOVE"):
        await client.publish(f"$JS.API.STREAM.{verb}.{EVENTS}", b'{"seq": 1}', reply="_INBOX.x")
    for verb in ("UPDATE", "CREATE") if thief != "setup" else ():
        await client.publish(f"$JS.API.STREAM.{verb}.{EVENTS}", json.dumps(weak).encode(), reply="_INBOX.x")
    await settled(client)
    await asyncio.sleep(0.1)
    assert await ends(setup) == before
    now = await setup.jetstream().stream_info(EVENTS)
    assert now.state.first_seq == 1
    assert now.config == config


@pytest.mark.parametrize("thief", [name for name in OWNERS if name != "reset"])
async def test_only_the_reset_empties_the_logs(login: Login, thief: str) -> None:
    with pytest.raises(NoRespondersError):
        await (await login(thief)).request(f"$JS.API.STREAM.PURGE.{LOGS}", b"", timeout=5)


@pytest.mark.parametrize("stream", STREAMS)
async def test_programs_outside_do_not_look_into_streams(login: Login, stream: str) -> None:
    client = await login("consumer")
    for question in (f"{INFO}.{stream}", f"$JS.API.DIRECT.GET.{stream}", f"$JS.API.CONSUMER.LIST.{stream}"):
        with pytest.raises(NoRespondersError):
            await client.request(question, b"", timeout=5)
