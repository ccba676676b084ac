"""The real nats-server with the configuration of an installation, and a way to log in as each of its users."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client

from hcmp_cli import broker, home
from hcmp_cli.installation import Installation, open_home
from hcmp_eventstore.connection import connect
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ports import free_port

Login = Callable[..., Awaitable[Client]]


@contextmanager
def running(installation: Installation) -> Iterator[None]:
    """The installation's broker, and nothing else of it."""
    broker.initialise(installation.home)
    process = broker.process(installation.home, installation.ports, installation.credentials)
    server = subprocess.Popen(
        process.command, env=os.environ | process.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 15
        while not broker.answers(installation.ports):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        broker.prepare(installation.ports, installation.credentials)
        yield
    finally:
        server.kill()
        server.wait()
        home.remove(installation.home)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One broker for all tests of this folder: each uses subjects of its own."""
    opened = open_home(tmp_path_factory.mktemp("broker") / "home", free_ports=True)
    with running(opened):
        yield opened


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose log, of one event, a broker without accounts has kept before."""
    opened = open_home(tmp_path / "home", free_ports=True)
    former = NatsServer(opened.home.path, free_port(), free_port(), name="nats")
    former.start()

    async def leave_an_event() -> None:
        await former.prepare()
        async with former.connect() as client:
            await client.jetstream().publish("hcmp.vm.v1.reserved", b"kept")

    asyncio.run(leave_an_event())
    former.stop()
    with running(opened):
        yield opened


@pytest.fixture
async def login(installation: Installation) -> AsyncIterator[Login]:
    """Connect as one of the broker's users, as its service does."""
    async with AsyncExitStack() as stack:

        async def enter(user: str, at: Installation = installation) -> Client:
            password = broker.password(at.credentials, user)
            return await stack.enter_async_context(
                connect(broker.url(at.ports), name=user, user=user, password=password)
            )

        yield enter
