"""A pool of 10,000 machines: a page of it, a reservation in it, and whether its read model keeps up.

Pages and reservations are asked of the real service, through its routes and reactions. The floor of a page is its
SQL alone, the floor of a reservation an atomic batch of as many events.
"""

import asyncio
import random
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import asyncssh
from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from nats.aio.msg import Msg
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from bench.figures import Figure
from bench.servers import Servers, servers
from hcmp_contracts.project import ProjectRequested, RoleCount
from hcmp_contracts.vm import VmLabelsChanged
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.main import build
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.machines import registered
from hcmp_testkit.nats import PASSWORD, USER
from hcmp_webkit.pages import encode_cursor

CONTEXT = Context(actor="service/bench", correlation_id="bench")
MACHINES = 10_000
HOSTS = 50
PAGES = 200
RESERVATIONS = 300
CHANGES = 20_000
CHANGED = 5_000
BATCH = 500


def name_of(number: int) -> str:
    return f"m-{number:05d}"


async def measure() -> list[Figure]:
    issuer = Issuer()
    async with (
        servers() as both,
        both.nats.connect("bench") as client,
        issuer.answering(client),
        inventory(both) as app,
        AsyncClient(
            transport=ASGITransport(app),
            base_url="http://hcmp.bench",
            headers=issuer.headers(Account("operator", role="admin")),
        ) as http,
    ):
        store, parts = EventStore(client, source="bench"), app.state.parts
        filled = await _fill(store)
        await parts.projector.wait_for(filled, 120)
        return [await _pages(http, parts), await _reservations(store), await _changes(store, parts)]


@asynccontextmanager
async def inventory(both: Servers) -> AsyncIterator[FastAPI]:
    """The service as it runs, but for its port and its sweeps: its machines were all added by hand."""
    key_file = both.directory / "platform-key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(key_file)
    settings = InventorySettings(
        port=0,
        nats_url=both.nats.url,
        nats_user=USER,
        nats_password=SecretStr(PASSWORD),
        database_url=SecretStr(both.database_url),
        public_url="http://hcmp.bench",
        fernet_keys=SecretStr(Fernet.generate_key().decode()),
        ssh_key_file=key_file,
        installation="bench",
        sd_token=SecretStr(secrets.token_urlsafe()),
        reset_nats_user=USER,
        reset_nats_password=SecretStr(PASSWORD),
        health_seconds=0,
        drift_seconds=0,
    )
    app = build(settings, providers={})
    async with app.router.lifespan_context(app):
        yield app


async def _fill(store: EventStore) -> int:
    """The pool, spread over hosts; the last event's sequence."""
    last = 0
    for start in range(0, MACHINES, BATCH):
        facts = [
            registered(name_of(number), placement=f"esx-{number % HOSTS:02d}", labels={"site": f"s{number % 4}"})
            for number in range(start, start + BATCH)
        ]
        writes = [Write("vm", vm_id_of(machine.name), 0, [machine]) for machine in facts]
        last = await store.append(writes, CONTEXT)
    return last


async def _pages(http: AsyncClient, parts: Parts) -> Figure:
    """Any page of 500, through the route; the floor is its two statements."""
    starts = [random.randrange(MACHINES - BATCH) for _ in range(PAGES)]

    async def ours(start: int) -> None:
        answer = await http.get("/api/pool", params={"cursor": encode_cursor(name_of(start))})
        assert len(answer.json()["vms"]) == BATCH

    async def floor(start: int) -> None:
        await pool_queries.cells(parts.pool, after=name_of(start), limit=BATCH + 1)
        await pool_queries.counts(parts.pool)

    taken, least = await _in_turn(ours, floor, starts)
    return _times("a page of 500 of 10,000 machines, p95", _p(95, taken), _p(95, least), "< 100 ms")


async def _reservations(store: EventStore) -> Figure:
    """From the request's event to the grant's; the floor is a batch of as many events as a grant has."""
    asked: dict[str, asyncio.Event] = {}

    async def granted(message: Msg) -> None:
        asked[message.subject.split(".")[2]].set()

    await store.client.jetstream().subscribe("hcmp.allocation.*.granted", cb=granted, ordered_consumer=True)

    async def ours(number: int) -> None:
        project_id = str(uuid7())
        asked[project_id] = asyncio.Event()
        request = ProjectRequested(
            name=f"p-{number}",
            owner_id="bench",
            owner_username="bench",
            template="three-tier",
            packages=[],
            roles=[RoleCount(name="web", count=2), RoleCount(name="db", count=1)],
            steps=[],
        )
        await store.append([Write("project", project_id, 0, [request])], CONTEXT)
        await asked[project_id].wait()

    async def floor(_: int) -> None:
        change = VmLabelsChanged(before={}, after={"size": "large"})
        await store.append([Write("vm", str(uuid7()), 0, [change]) for _ in range(4)], CONTEXT)

    taken, least = await _in_turn(ours, floor, range(RESERVATIONS))
    return _times("request to grant, of 10,000 machines, p99", _p(99, taken), _p(99, least), "< 50 ms")


async def _changes(store: EventStore, parts: Parts) -> Figure:
    """How fast changes of machines reach the read model while they are appended, against how fast they are."""
    async with parts.pool.connection() as connection:
        found = await connection.execute("SELECT vm_id, version FROM vm LIMIT %s", [CHANGED])
        versions = {row["vm_id"]: row["version"] for row in await found.fetchall()}
    vm_ids = list(versions)
    began = time.perf_counter()
    last = 0
    for number in range(CHANGES // BATCH):
        change = VmLabelsChanged(before={}, after={"round": str(number)})
        some = vm_ids[number * BATCH % CHANGED :][:BATCH]
        last = await store.append([Write("vm", vm_id, versions[vm_id], [change]) for vm_id in some], CONTEXT)
        versions |= {vm_id: last - BATCH + 1 + place for place, vm_id in enumerate(some)}
    appended = time.perf_counter() - began
    await parts.projector.wait_for(last, 120)
    shown = time.perf_counter() - began
    return Figure(
        "changes of machines shown, a second",
        f"{CHANGES / shown:,.0f}/s",
        f"appended {CHANGES / appended:,.0f}/s",
        appended / shown,
        "≥ 1,000/s",
    )


async def _in_turn(
    ours: Callable[[int], Awaitable[None]], floor: Callable[[int], Awaitable[None]], numbers: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Seconds of each, one after the other, so that a drifting machine hurts both alike."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in numbers:
        for taken, operation in zip(times, (ours, floor), strict=True):
            began = time.perf_counter()
            await operation(number)
            taken.append(time.perf_counter() - began)
    return times


def _p(percent: int, seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[percent - 1]


def _times(name: str, ours: float, floor: float, aim: str) -> Figure:
    return Figure(name, f"{ours * 1000:.1f} ms", f"floor {floor * 1000:.1f} ms", ours / floor, aim)
