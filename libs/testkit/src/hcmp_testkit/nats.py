"""A real nats-server from the wheel, on free ports, with the streams of the platform."""

import asyncio
import json
import os
import signal
import subprocess
import sysconfig
import time
import urllib.request
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error as NatsError

from hcmp_eventstore.connection import connect
from hcmp_eventstore.streams import EVENTS, ensure_streams
from hcmp_testkit.ports import free_port

BINARY = Path(sysconfig.get_path("scripts")) / "nats-server"
USER = "test"
PASSWORD = "test"
START_SECONDS = 15
WHOLE_SECONDS = 60


@dataclass
class NatsServer:
    """One broker, or one node of a cluster; `kill` and `start` keep its files."""

    directory: Path
    port: int
    monitoring_port: int
    process: subprocess.Popen[bytes] | None = None
    name: str = "n1"
    cluster_port: int | None = None
    routes: tuple[int, ...] = ()
    sync_interval: str = "always"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitoring_url(self) -> str:
        return f"http://127.0.0.1:{self.monitoring_port}"

    def start(self) -> None:
        """Start and wait until it answers as healthy."""
        configuration = self.directory / f"{self.name}.conf"
        configuration.write_text(self._configuration())
        with (self.directory / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen([BINARY, "-c", configuration], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.directory / f"{self.name}.log").read_text())
            time.sleep(0.03)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: its connections stay open and it is silent, as a machine that hangs is."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def connect(self, name: str = "test") -> AbstractAsyncContextManager[Client]:
        return connect(self.url, name=name, user=USER, password=PASSWORD)

    async def prepare(self, replicas: int = 1) -> None:
        """Make the streams, as set-up does."""
        async with self.connect("setup") as client:
            await ensure_streams(client.jetstream(), replicas=replicas)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.send_signal(signal.SIGCONT)  # a paused one hears SIGTERM only when it goes on
            self.process.wait(10)
            self.process = None

    def healthy(self) -> bool:
        path = "/healthz?js-enabled-only=true" if self.cluster_port else "/healthz"
        try:
            with urllib.request.urlopen(f"{self.monitoring_url}{path}", timeout=1) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except OSError:
            return False

    def _configuration(self) -> str:
        text = f"""
            server_name: {self.name}
            listen: "127.0.0.1:{self.port}"
            http: "127.0.0.1:{self.monitoring_port}"
            jetstream {{ store_dir: "{self.directory}/{self.name}", sync_interval: {self.sync_interval} }}
            authorization {{ users: [{{ user: {USER}, password: {PASSWORD} }}] }}
        """
        if self.cluster_port:
            routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.routes)
            text += f"""
                cluster {{ name: test, listen: "127.0.0.1:{self.cluster_port}", routes: [{routes}] }}
            """
        return text


def single_server(directory: Path) -> NatsServer:
    """A broker of its own, not yet started."""
    return NatsServer(directory, free_port(), free_port())


def cluster(directory: Path, size: int = 3) -> list[NatsServer]:
    """The nodes of a cluster on loopback, not yet started."""
    cluster_ports = tuple(free_port() for _ in range(size))
    return [
        NatsServer(directory, free_port(), free_port(), name=f"n{number}", cluster_port=port, routes=cluster_ports)
        for number, port in enumerate(cluster_ports, start=1)
    ]


async def start_cluster(nodes: list[NatsServer]) -> None:
    """Start all nodes and make the streams with a copy on each."""
    for node in nodes:
        node.start()
    await make_whole(nodes)


async def leader(nodes: list[NatsServer], stream: str = EVENTS) -> NatsServer:
    """The node that leads a stream's copies now."""
    name = await _leader_name(nodes[0], stream)
    return next(node for node in nodes if node.name == name)


async def _leader_name(asked: NatsServer, stream: str) -> str:
    async with asked.connect() as client:
        while True:
            with suppress(NatsError):  # nobody answers while the brokers elect
                info = await client.jetstream(timeout=1).stream_info(stream)
                if info.cluster and info.cluster.leader:
                    return info.cluster.leader
            await asyncio.sleep(0.1)


async def make_leader(node: NatsServer, stream: str = EVENTS) -> None:
    """Let this node of a whole cluster lead a stream's copies."""
    placement = json.dumps({"placement": {"preferred": node.name}}).encode()
    async with node.connect() as client:
        while await _leader_name(node, stream) != node.name:
            with suppress(NatsError):  # the one that steps down may forget to say so
                await client.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", placement, timeout=1)


async def make_whole(nodes: list[NatsServer]) -> None:
    """Start what is down, and wait until every node takes messages again and has all of them."""
    for node in nodes:
        if node.process is None:
            node.start()
        else:
            node.resume()
    deadline = time.monotonic() + WHOLE_SECONDS
    while True:
        try:
            await nodes[0].prepare(replicas=len(nodes))
            for node in nodes:
                await _require_whole(node)
        except Exception:  # whatever is not ready yet, until the deadline
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def _require_whole(node: NatsServer) -> None:
    async with node.connect() as client:
        info = await client.jetstream().stream_info(EVENTS)
    replicas = info.cluster.replicas if info.cluster else None
    if not (replicas and all(replica.current for replica in replicas)):
        raise RuntimeError(f"not all replicas are current: {replicas}")
