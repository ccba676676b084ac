"""A service that is killed at the worst moment: what it accepted is there once, and its read model is whole."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hcmp_contracts.project import (
    PlannedStep,
    ProjectProvisioned,
    ProjectRequested,
    ProvisioningStarted,
    RoleCount,
    StepStarted,
    StepSucceeded,
)
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.reader import last_sequence
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_provisioner.projections.read_model import READ_MODEL
from hcmp_testkit.history import happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.moments import Ambush, Moments, Point
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import ServiceProcess, running
from hcmp_testkit.projects import ProjectLab, project_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
SERVICE = "hcmp_provisioner"
Start = Callable[[], AbstractAsyncContextManager[ServiceProcess]]
KIM = Account("kim")
ORDER = {"Idempotency-Key": "order-1"}
A_RUN = (
    ProjectRequested(
        name="shop",
        owner_id=KIM.id,
        owner_username="kim",
        template="single",
        packages=["htop"],
        roles=[RoleCount(name="web", count=1)],
        steps=[PlannedStep(number=n, name=f"Step {n}", play="a.yml") for n in (1, 2)],
    ),
    ProvisioningStarted(attempt=1, worker="w", first_step=1),
    StepStarted(number=1, name="Step 1", attempt=1),
    StepSucceeded(number=1, name="Step 1", attempt=1, hosts=[]),
    StepStarted(number=2, name="Step 2", attempt=1),
    StepSucceeded(number=2, name="Step 2", attempt=1, hosts=[]),
    ProjectProvisioned(attempt=1, log_sequence=0),
)


@pytest.fixture
def moments(tmp_path: Path) -> Moments:
    return Moments(tmp_path)


@pytest.fixture
def started(nats_server: NatsServer, database_url: str, moments: Moments) -> Start:
    """One more copy of the service."""
    settings = {"HCMP_PLAYBOOKS_DIR": str(PLAYBOOKS), "HCMP_MOMENTS": str(moments.folder)}
    return lambda: running(SERVICE, nats=nats_server, database_url=database_url, settings=settings)


@pytest.fixture
def another_database_url(postgres_url: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def lab(
    nats_server: NatsServer, database_url: str, event_store: EventStore, moments: Moments
) -> AsyncIterator[ProjectLab]:
    async with project_lab(
        nats_server, database_url, event_store, PLAYBOOKS, HCMP_MOMENTS=str(moments.folder)
    ) as lab:
        await lab.register(KIM)
        yield lab


@pytest.mark.parametrize("point", ["before append", "after append"])
async def test_an_api_killed_between_append_and_answer_gives_the_retry_the_same_project(
    lab: ProjectLab, started: Start, moments: Moments, point: Point
) -> None:
    moments.lay(SERVICE, Ambush(point=point, what="project.requested"))
    order = {"name": "shop", "template": "single", "packages": []}
    with pytest.raises(httpx.TransportError):
        await lab.call(KIM, "POST", "/api/provision", order, **ORDER)
    assert await moments.sprung(SERVICE, seconds=0)
    asked = {found.aggregate_id for found in await requests(lab.store)}
    assert len(asked) == (1 if point == "after append" else 0)

    async with started() as next_one:
        lab.service = next_one
        answers = [await lab.call(KIM, "POST", "/api/provision", order, **ORDER) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202], [answer.text for answer in answers]
        first, again = (answer.json() for answer in answers)
        assert first == again
        assert asked <= {first["project_id"]}
        assert len(first["vms"]) == 1

    assert [found.aggregate_id for found in await requests(lab.store)] == [first["project_id"]]


async def requests(store: EventStore) -> list[Any]:
    history = await store.load("project", "*")
    return [recorded for recorded in history if isinstance(recorded.event, ProjectRequested)]


@pytest.mark.parametrize("point", ["before commit", "after commit"])
async def test_a_projector_killed_around_its_commit_beside_another_copy_ends_with_the_rows_of_a_fresh_replay(
    event_store: EventStore,
    started: Start,
    moments: Moments,
    database_url: str,
    another_database_url: str,
    point: Point,
) -> None:
    moments.lay(SERVICE, Ambush(point=point, what="project.step-succeeded", nth=2))
    async with AsyncExitStack() as both:
        for _ in range(2):
            await both.enter_async_context(started())
        for _ in range(30):
            await happened(event_store, str(uuid4()), *A_RUN)
        assert await moments.sprung(SERVICE, seconds=20)
        for _ in range(5):
            await happened(event_store, str(uuid4()), *A_RUN)

    goes_on, anew = [await rows(event_store, url) for url in (database_url, another_database_url)]
    assert goes_on == anew
    assert len(anew["project"]) == 35
    assert len(anew["step"]) == 70


async def rows(store: EventStore, database_url: str) -> dict[str, list[str]]:
    """Every row of the read model once it has caught up with the log."""
    projector = Projector(store, database_url, READ_MODEL)
    projecting = asyncio.create_task(projector.run())
    end = await last_sequence(store.client, stream=EVENTS, subjects=READ_MODEL.subjects)
    assert await projector.wait_for(end, timeout=20), projector.failure
    projecting.cancel()
    await asyncio.wait([projecting])
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        named = await connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [READ_MODEL.schema]
        )
        found: dict[str, list[str]] = {}
        for (table,) in await named.fetchall():
            held = await connection.execute(
                sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(READ_MODEL.schema, table))
            )
            found[table] = [row for (row,) in await held.fetchall()]
    return found
