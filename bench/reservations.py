"""Three-machine reservations under 32 clients, against `SELECT … FOR UPDATE SKIP LOCKED` on a table.

Ours decides on the machines as the read model knows them and appends four events in one atomic batch, on their
versions, after an fsync; the peer updates three rows and inserts one in a transaction, with PostgreSQL's fsync.
"""

import asyncio
import random
from contextlib import suppress

from nats.aio.client import Client
from psycopg_pool import AsyncConnectionPool

from bench.figures import ROUNDS, Figure, rates
from bench.servers import servers
from hcmp_contracts.vm import VmReserved
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_inventory.domain.vm_errors import VmNotAvailableError
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_inventory.projections.pool_queries import FreeMachine
from hcmp_inventory.reactors.picking import granted, seen
from hcmp_testkit.machines import registered

CONTEXT = Context(actor="service/bench", correlation_id="bench")
CLIENTS = 32
COUNT = 300
MACHINES = 3 * COUNT * ROUNDS
CONTENDED = 90


async def measure() -> list[Figure]:
    async with (
        servers() as both,
        both.nats.connect("bench") as client,
        AsyncConnectionPool(both.database_url, min_size=CLIENTS, max_size=CLIENTS) as pool,
    ):
        return await _figures(client, pool)


async def _register(store: EventStore, *, prefix: str = "vm", machines: int = MACHINES) -> list[FreeMachine]:
    """The pool, as the read model shows it."""
    free = []
    for start in range(0, machines, 500):
        numbers = range(start, min(start + 500, machines))
        facts = [registered(f"{prefix}-{number}") for number in numbers]
        last = await store.append([Write("vm", machine.name, 0, [machine]) for machine in facts], CONTEXT)
        first = last - len(facts) + 1
        free += [FreeMachine(machine.name, first + place, machine) for place, machine in enumerate(facts)]
    return free


async def _figures(client: Client, pool: AsyncConnectionPool) -> list[Figure]:
    """Both in turn, and then how many machines have been given to two projects."""
    store = EventStore(client, source="inventory")
    free = await _register(store)
    allocations = Allocations(store)
    async with pool.connection() as connection:
        await connection.execute("CREATE TABLE vm (id int PRIMARY KEY, project text, role text)")
        await connection.execute("CREATE TABLE allocation (project text PRIMARY KEY, vms int[])")
        await connection.execute("INSERT INTO vm SELECT generate_series(1, %s)", [MACHINES])
        await connection.execute("CREATE INDEX ON vm (id) WHERE project IS NULL")

    async def ours(number: int) -> None:
        picked = [free.pop() for _ in range(3)]
        attempt = Attempt(f"project-{number}", "owner", 1)
        await allocations.grant(attempt, [granted(m, "web") for m in picked], CONTEXT, seen=seen(picked))

    async def peer(number: int) -> None:
        async with pool.connection() as connection:
            rows = await connection.execute(
                "UPDATE vm SET project = %(project)s, role = 'web' WHERE id IN (SELECT id FROM vm "
                "WHERE project IS NULL LIMIT 3 FOR UPDATE SKIP LOCKED) RETURNING id",
                {"project": f"project-{number}"},
            )
            held = [row[0] for row in await rows.fetchall()]
            await connection.execute("INSERT INTO allocation VALUES (%s, %s)", [f"project-{number}", held])

    ours_rate, peer_rate = await rates(ours, peer, count=COUNT, at_once=CLIENTS)
    return [
        Figure(
            "three-machine reservations, 32 clients",
            f"{ours_rate:,.0f}/s",
            f"SKIP LOCKED {peer_rate:,.0f}/s",
            ours_rate / peer_rate,
            "≥ 1",
        ),
        await _contended(client),
    ]


async def _contended(client: Client) -> Figure:
    """Two copies of the service whose clients all want the same few machines; the log tells who got what."""
    copies = [Allocations(EventStore(client, source="inventory")) for _ in range(2)]
    free = await _register(copies[0].store, prefix="contended", machines=CONTENDED)

    async def reserve(number: int) -> None:
        """Pick from all machines, as if nobody else did, until three are had or too few are left."""
        picked = random.sample(free, 3)
        attempt = Attempt(f"contended-{number}", "owner", 1)
        with suppress(VmNotAvailableError, ConcurrencyError):
            machines = [granted(machine, "web") for machine in picked]
            await copies[number % 2].grant(attempt, machines, CONTEXT, seen=seen(picked))

    for start in range(0, 10 * CLIENTS, CLIENTS):
        await asyncio.gather(*(reserve(number) for number in range(start, start + CLIENTS)))
    histories = await asyncio.gather(*(copies[0].store.load("vm", machine.vm_id) for machine in free))
    holders = [sum(isinstance(past.event, VmReserved) for past in history) for history in histories]
    twice = sum(count > 1 for count in holders)
    taken = f"{sum(holders)} machines of {CONTENDED} taken"
    return Figure("machines given twice, two copies, 320 tries", str(twice), taken, float(twice), "0")
