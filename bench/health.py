"""A health sweep over a pool of 10,000 machines: how long it takes, and how many sockets are open at once.

The machines are entries of the pool that share a handful of real SSH servers of other processes on this computer.
Everything else is real: the read model's pages, the prober, a handshake, a sign-in by a certificate and a command
for each of them. The certificate is one for all; the platform asks auth for one for every 256. What the machines
themselves take of this computer's processors counts into the time. The peer does the same connections with bare
asyncssh, without checking what the answers mean.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from bench.figures import Figure
from bench.pool import BATCH, CONTEXT, MACHINES, inventory, name_of
from bench.servers import servers
from hcmp_contracts.vm import VmRegistered
from hcmp_eventstore.store import EventStore, Write
from hcmp_inventory.adapters.ssh import CIPHERS, VITALS, SshProber
from hcmp_inventory.domain.vitals import Limits
from hcmp_inventory.handlers.health import AT_ONCE, Health
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.projections import pool_queries
from hcmp_testkit.machines import registered

SERVERS = 4
PEERS = 2_000
PROBE_SECONDS = 30.0
LOOK_SECONDS = 0.02
USER = "hcmp"

Pair = tuple[asyncssh.SSHKey, asyncssh.SSHCertificate]


@dataclass(frozen=True)
class Endpoint:
    port: int
    host_key: str


async def measure() -> list[Figure]:
    pair, authority = _certified()

    async def certificate(_: str) -> Pair:
        return pair

    async with (
        servers() as both,
        both.nats.connect("bench") as client,
        inventory(both) as app,
        _machines(authority) as endpoints,
    ):
        store, parts = EventStore(client, source="bench"), app.state.parts
        await parts.projector.wait_for(await _fill(store, endpoints), 120)
        prober = SshProber(key_file=None, certificate=certificate, seconds=PROBE_SECONDS)
        health = Health(parts.machines, prober, parts.pool, Limits())
        bare = await _bare(pair, endpoints)
        async with _most_sockets() as most:
            began = time.perf_counter()
            probed = await health.sweep(CONTEXT)
            took = time.perf_counter() - began
        assert probed == MACHINES
        counts = await pool_queries.counts(parts.pool)
        assert counts["available"] == MACHINES, counts
        return [
            Figure(
                f"health sweep of {MACHINES:,} machines",
                f"{took:.1f} s ({most[0]} sockets)",
                f"bare asyncssh {bare * MACHINES:.1f} s",
                took / (bare * MACHINES),
                "≤ 60 s, ≤ 200 sockets",
            )
        ]


def _certified() -> tuple[Pair, str]:
    """A key with its certificate, and the public key of the authority that signed it."""
    authority, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    certificate = authority.generate_user_certificate(key, "bench", principals=[USER])
    return (key, certificate), authority.export_public_key().decode().strip()


@asynccontextmanager
async def _machines(authority: str) -> AsyncIterator[list[Endpoint]]:
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.ssh_servers", authority, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(SERVERS)
    ]
    try:
        endpoints = []
        for process in started:
            assert process.stdout is not None
            port, host_key = (await process.stdout.readline()).decode().strip().split(" ", 1)
            endpoints.append(Endpoint(int(port), host_key))
        yield endpoints
    finally:
        for process in started:
            process.kill()
            await process.wait()


async def _fill(store: EventStore, endpoints: Sequence[Endpoint]) -> int:
    """The pool, spread over the servers; the last event's sequence."""
    last = 0
    for start in range(0, MACHINES, BATCH):
        facts = [_machine(number, endpoints[number % SERVERS]) for number in range(start, start + BATCH)]
        last = await store.append([Write("vm", vm_id_of(one.name), 0, [one]) for one in facts], CONTEXT)
    return last


def _machine(number: int, at: Endpoint) -> VmRegistered:
    return registered(name_of(number), ssh_port=at.port, ssh_user=USER, host_key=at.host_key)


async def _bare(pair: Pair, endpoints: Sequence[Endpoint]) -> float:
    """Seconds for each of so many connections, as many at once as the sweep makes."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        at = endpoints[number % SERVERS]
        async with (
            gate,
            asyncssh.connect(
                "127.0.0.1",
                at.port,
                username=USER,
                client_keys=[pair],
                known_hosts=([asyncssh.import_public_key(at.host_key)], [], []),
                encryption_algs=CIPHERS,
                agent_path=None,
                config=None,
            ) as connection,
        ):
            await connection.run(VITALS, check=True)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(PEERS)))
    return (time.perf_counter() - began) / PEERS


@asynccontextmanager
async def _most_sockets() -> AsyncIterator[list[int]]:
    """How many sockets more than before this process had open at most, as it is looked at many times a second."""
    before, most = _sockets(), [0]

    async def look() -> None:
        while True:
            most[0] = max(most[0], _sockets() - before)
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look())
    yield most
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking


def _sockets() -> int:
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found += str(entry.readlink()).startswith("socket:")
    return found
