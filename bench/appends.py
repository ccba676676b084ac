"""One-event appends with their version check, against a bare acknowledged publish of the same bytes, and whole
commands against pyeventsourcing.
"""

from nats.aio.client import Client
from uuid_utils.compat import uuid7

from bench.figures import Figure, rates
from bench.pyeventsourcing import Machine, application
from bench.servers import servers
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.decider import Decider, Decision, execute
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write

CONTEXT = Context(actor="service/bench", correlation_id="bench")
EVENT = VmMaintenanceStarted(reason="bench")
AGGREGATES = 100


def _decide(_: None, __: int) -> list[VmMaintenanceStarted]:
    return [EVENT]


def _evolve(count: int, _: VmMaintenanceStarted) -> int:
    return count + 1


STARTS: Decider[None, int, VmMaintenanceStarted] = Decider("vm", 0, _decide, _evolve)


async def measure() -> list[Figure]:
    async with servers() as both, both.nats.connect("bench") as client:
        return [
            await _figure(client, "appends, one after another", at_once=1),
            await _figure(client, "appends, 64 at once", at_once=64),
            await _commands(client, both.database_url, remembering=True, peer_caches=False, aim="≥ 2"),
            await _commands(client, both.database_url, remembering=True, peer_caches=True),
            await _commands(client, both.database_url, remembering=False, peer_caches=False),
        ]


async def _commands(
    client: Client, database_url: str, *, remembering: bool, peer_caches: bool, aim: str = ""
) -> Figure:
    """Decide on an aggregate and append: against pyeventsourcing's load and save, on the same disk. The platform
    decides on what it remembers, pyeventsourcing loads unless it is told to cache; either way the version check
    finds what is old.
    """
    store = EventStore(client, source="bench")
    run = uuid7().hex

    async def ours(number: int) -> None:
        decision = Decision(STARTS, f"{run}-{number % AGGREGATES}", None)
        if not remembering:
            store.remembered.forget(STARTS.evolve, decision.subject_filter)
        await execute(store, [decision], CONTEXT)

    with application(database_url, cached=peer_caches) as app:
        machines = [Machine() for _ in range(AGGREGATES)]
        app.save(*machines)

        async def peer(number: int) -> None:
            machine: Machine = app.repository.get(machines[number % AGGREGATES].id)
            machine.start_maintenance("bench")
            app.save(machine)

        ours_rate, peer_rate = await rates(ours, peer, count=300, at_once=1)
    return Figure(
        "commands: decide on what is remembered, append" if remembering else "commands: load, decide, append",
        f"{ours_rate:,.0f}/s",
        f"pyeventsourcing, {'cached' if peer_caches else 'load and save'} {peer_rate:,.0f}/s",
        ours_rate / peer_rate,
        aim,
    )


async def _one_stored_event(store: EventStore, name: str) -> bytes:
    await store.append([Write("vm", name, 0, [EVENT])], CONTEXT)
    [recorded] = await store.load("vm", name)
    return recorded.envelope.model_dump_json().encode()


async def _figure(client: Client, name: str, *, at_once: int) -> Figure:
    store = EventStore(client, source="bench")
    jetstream = client.jetstream()
    run = uuid7().hex
    payload = await _one_stored_event(store, run)

    async def append(number: int) -> None:
        await store.append([Write("vm", f"{run}-{number}", 0, [EVENT])], CONTEXT)

    async def publish(number: int) -> None:
        await jetstream.publish(f"hcmp.vm.{run}-{number}.bare", payload)

    ours, peer = await rates(append, publish, count=1000, at_once=at_once)
    return Figure(name, f"{ours:,.0f}/s", f"js.publish {peer:,.0f}/s", ours / peer, "≥ 0.8")
