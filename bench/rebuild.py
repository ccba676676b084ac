"""A read model built anew from a long log, against a bare consumer that only reads, and pyeventsourcing's replay.

The read model is the inventory's: every event changes a machine and is a row of its history. A replay folds the
events of each aggregate, as loading it does, and writes nothing.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from bench.figures import Figure
from bench.pyeventsourcing import application, fill, read, replay
from bench.reservations import CONTEXT
from bench.servers import Servers, servers
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmAssigned, VmRecycled, VmRecycleStarted, VmReleased, VmReserved
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import EVENTS
from hcmp_inventory.projections.model import MODEL
from hcmp_testkit.machines import registered

MACHINES = 1000
PROJECT = "0193b8a2-6a3c-7000-8000-000000000001"
OWNER = "0193b8a2-6a3c-7000-8000-000000000002"
WAIT_SECONDS = 3600
# What pyeventsourcing replays: its rate does not depend on how many there are.
REPLAYED = 100_000

events = 1_000_000


async def measure() -> list[Figure]:
    async with servers() as both, both.nats.connect("bench") as client:
        count = await _fill(EventStore(client, source="inventory"))
        bare = count / await _bare(client, count)
        rebuilt, growth = await _rebuild(client, both, count)
        bare = (bare + count / await _bare(client, count)) / 2
        replayed, peer_read = await asyncio.to_thread(_peer, both.database_url)
        name = f"rebuild of {count:,} events"
        ours = count / rebuilt
        return [
            Figure(name, f"{ours:,.0f}/s", f"bare ordered consumer {bare:,.0f}/s", ours / bare, "≥ 0.7"),
            Figure(name, f"{ours:,.0f}/s", f"pyeventsourcing's replay {replayed:,.0f}/s", ours / replayed, "≥ 1"),
            Figure(name, f"{ours:,.0f}/s", f"pyeventsourcing only reads {peer_read:,.0f}/s", ours / peer_read, ""),
            growth,
        ]


def _life(machine: str, begun: bool) -> Sequence[DomainEvent]:
    """Five events of a machine: it is given to a project, comes back and is cleaned."""
    facts = registered(machine)
    cleaned = VmRecycled(**facts.model_dump(include=set(VmRecycled.model_fields)))
    first: DomainEvent = cleaned if begun else facts
    return [
        first,
        VmReserved(project_id=PROJECT, owner_id=OWNER, role="web"),
        VmAssigned(project_id=PROJECT),
        VmReleased(project_id=PROJECT, reason="deleted"),
        VmRecycleStarted(),
    ]


async def _fill(store: EventStore) -> int:
    """Write the log in batches of a thousand events, each of 200 machines; how many were written."""
    written = 0
    versions: dict[str, int] = {}
    while written < events:
        names = [f"vm-{(written // 5 + place) % MACHINES}" for place in range(200)]
        writes = [Write("vm", name, versions.get(name, 0), _life(name, name in versions)) for name in names]
        last = await store.append(writes, CONTEXT)
        for place, name in enumerate(reversed(names)):
            versions[name] = last - 5 * place
        written += 5 * len(names)
    return written


async def _bare(client: Client, count: int) -> float:
    """Seconds that nats-py's ordered consumer takes to read the events, at its quickest, doing nothing."""
    began = time.perf_counter()
    subscription = await client.jetstream().subscribe("hcmp.vm.*.*", stream=EVENTS, ordered_consumer=True)
    seen = 0
    async for _ in subscription.messages:
        seen += 1
        if seen == count:
            break
    seconds = time.perf_counter() - began
    await subscription.unsubscribe()
    return seconds


async def _rebuild(client: Client, both: Servers, count: int) -> tuple[float, Figure]:
    """Seconds from nothing to a read model of all events, and what memory did meanwhile."""
    projector = Projector(EventStore(client, source="inventory"), both.database_url, MODEL)
    began = time.perf_counter()
    task: asyncio.Task[Any] = asyncio.create_task(projector.run())
    try:
        assert await projector.wait_for(count // 10, timeout=WAIT_SECONDS), projector.failure
        early = _resident_megabytes()
        assert await projector.wait_for(count, timeout=WAIT_SECONDS), projector.failure
        seconds = time.perf_counter() - began
        late = _resident_megabytes()
    finally:
        task.cancel()
        await asyncio.wait([task])
    memory = Figure(
        "memory at the end of the rebuild",
        f"{late:,.0f} MB",
        f"after a tenth {early:,.0f} MB",
        late / early,
        "≤ 1.1",
    )
    return seconds, memory


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def _peer(database_url: str) -> tuple[float, float]:
    """Events a second that pyeventsourcing makes aggregates of, and that it only reads; it writes nothing."""
    with application(database_url) as app:
        machines = fill(app, REPLAYED)
        began = time.perf_counter()
        replay(app, machines)
        replayed = time.perf_counter()
        read(app, REPLAYED)
        return REPLAYED / (replayed - began), REPLAYED / (time.perf_counter() - replayed)
