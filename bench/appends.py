"""One-event appends with their version check, against a bare acknowledged publish of the same bytes."""

import tempfile
from pathlib import Path

from nats.aio.client import Client
from uuid_utils.compat import uuid7

from bench.figures import Figure, rates
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_testkit.nats import single_server

CONTEXT = Context(actor="service/bench", correlation_id="bench")
EVENT = VmMaintenanceStarted(reason="bench")


async def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="hcmp-bench-") as directory:
        server = single_server(Path(directory))
        server.start()
        await server.prepare()
        try:
            async with server.connect("bench") as client:
                return [
                    await _figure(client, "appends, one after another", at_once=1),
                    await _figure(client, "appends, 64 at once", at_once=64),
                ]
        finally:
            server.stop()


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
