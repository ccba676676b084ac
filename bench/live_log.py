"""From a line of a run to a WebSocket client, with one and with 400 viewers.

Ours stores the line on disk first and tells every viewer's place in the log. The peers keep nothing: a bare
Starlette application that puts the line into queues in its memory, and one whose viewers each subscribe to Redis,
as the platform did before. Redis is Debian's `redis-server`, installed where it is missing and may be.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect

from bench.fan_out import CHANNEL
from bench.figures import Figure
from bench.servers import servers
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_provisioner.worker.run_log import RunLog
from hcmp_testkit.issuer import Account
from hcmp_testkit.ports import free_port
from hcmp_testkit.projects import ProjectLab, project_lab

PLAYBOOKS = Path(__file__).resolve().parents[1] / "playbooks"
VIEWERS = (1, 400)
LINES = 100
# Apart, as the tasks of a play are: what is measured is the way of one line, not how many fit through.
PAUSE_SECONDS = 0.15
START_SECONDS = 30

Say = Callable[[str], Awaitable[object]]
Address = Callable[[], str]


@dataclass(frozen=True)
class Way:
    """How a line gets from `say` to whoever has connected to `address`."""

    say: Say
    address: Address


async def measure() -> list[Figure]:
    async with servers() as both, both.nats.connect("bench") as client, AsyncExitStack() as stack:
        store = EventStore(client, source="bench")
        lab = await stack.enter_async_context(project_lab(both.nats, both.database_url, store, PLAYBOOKS))
        ours = await stack.enter_async_context(_our_way(lab))
        memory, redis = await stack.enter_async_context(_peers(both.directory))
        return [figure for viewers in VIEWERS for figure in await _figures(ours, memory, redis, viewers)]


async def _figures(ours: Way, memory: Way, redis: Way | None, viewers: int) -> list[Figure]:
    measured = {"in-memory Starlette": await _latencies(memory, viewers)}
    if redis is not None:
        measured["Redis Pub/Sub"] = await _latencies(redis, viewers)
    own = await _latencies(ours, viewers)
    figures = []
    for peer, (middle, late) in measured.items():
        aim = "≤ 3" if peer == "in-memory Starlette" else "told"
        name = f"line to viewer, {viewers} viewer{'s' * (viewers > 1)}"
        ratios = (("p50", own[0], middle), ("p99", own[1], late))
        figures += [
            Figure(f"{name}, {which}", f"{mine:.1f} ms", f"{peer} {theirs:.1f} ms", mine / theirs, aim)
            for which, mine, theirs in ratios
        ]
    return figures


async def _latencies(way: Way, viewers: int) -> tuple[float, float]:
    """The median and the 99th percentile of all lines at all viewers, in milliseconds."""
    sent: dict[str, float] = {}
    seen: list[float] = []

    async def until(socket: ClientConnection, wanted: str) -> None:
        while str(await socket.recv()) != wanted:
            pass

    async def view(socket: ClientConnection) -> None:
        count = 0
        while count < LINES:
            line = await socket.recv()
            if began := sent.get(str(line)):
                seen.append((time.perf_counter() - began) * 1000)
                count += 1

    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(connect(way.address(), compression=None, open_timeout=START_SECONDS))
            for _ in range(viewers)
        ]
        await asyncio.sleep(1)  # until the last of them has subscribed
        run = time.monotonic_ns()
        # Ours gets the lines of before first, which the peers have not kept: all of them have read what there is.
        await way.say(f"start of {run}")
        await asyncio.gather(*(until(socket, f"start of {run}") for socket in sockets))
        await asyncio.sleep(PAUSE_SECONDS)  # a line right behind another waits for its flush, as in a chatty play
        views = [asyncio.create_task(view(socket)) for socket in sockets]
        for number in range(LINES):
            line = f"line {number} of {run}"
            sent[line] = time.perf_counter()
            await way.say(line)
            await asyncio.sleep(PAUSE_SECONDS)
        async with asyncio.timeout(START_SECONDS):
            await asyncio.gather(*views)
    return statistics.median(seen), statistics.quantiles(seen, n=100)[98]


@asynccontextmanager
async def _our_way(lab: ProjectLab) -> AsyncIterator[Way]:
    """A project that runs, whose log a worker's own part writes."""
    owner = Account("bench", role="admin")
    await lab.register(owner)
    project = await lab.provision(owner)
    path = f"/ws/logs/{project}"

    async def mine() -> None:
        """Nobody else has this run."""

    log = RunLog(lab.store.client, project, clock=utc_now, still_mine=mine)
    flushing = asyncio.create_task(log.keep_flushing())
    try:
        yield Way(
            log.line, lambda: f"{lab.service.ws_url}{path}?ticket={lab.issuer.ticket(owner, path)}&format=text"
        )
    finally:
        log.finish()
        await flushing


@asynccontextmanager
async def _peers(directory: Path) -> AsyncIterator[tuple[Way, Way | None]]:
    """Both peers from one application; Redis only where there is one."""
    port, redis_port = free_port(), free_port()
    redis_server = _redis_server()
    processes = _started(port, redis_port, redis_server, directory)
    try:
        async with (
            await _connected(f"ws://127.0.0.1:{port}/publish") as publisher,
            Redis(port=redis_port) as redis,
        ):
            memory = Way(publisher.send, lambda: f"ws://127.0.0.1:{port}/memory")
            through = Way(lambda line: redis.publish(CHANNEL, line), lambda: f"ws://127.0.0.1:{port}/redis")
            yield memory, through if redis_server else None
    finally:
        for process in processes:
            process.kill()  # they keep nothing, and wait for viewers that have gone
            process.wait()


def _started(
    port: int, redis_port: int, redis_server: str | None, directory: Path
) -> list[subprocess.Popen[bytes]]:
    uvicorn = [sys.executable, "-m", "uvicorn", "bench.fan_out:app", "--port", str(port), "--log-level", "warning"]
    processes = [subprocess.Popen(uvicorn, env=os.environ | {"HCMP_BENCH_REDIS": str(redis_port)})]
    if redis_server:
        options = ["--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
        processes.append(subprocess.Popen([redis_server, *options], stdout=subprocess.DEVNULL))
    return processes


async def _connected(url: str) -> ClientConnection:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return await connect(url, compression=None)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def _redis_server() -> str | None:
    """Debian's, installed where this is root on a Debian; RUNLEVEL keeps it from being started as a service."""
    if shutil.which("redis-server") is None and shutil.which("apt-get") and os.geteuid() == 0:
        command = ["apt-get", "install", "--yes", "--no-install-recommends", "redis-server"]
        subprocess.run(command, env=os.environ | {"RUNLEVEL": "1"}, stdout=subprocess.DEVNULL, check=False)
    return shutil.which("redis-server")
