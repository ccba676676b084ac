"""The inventory's read model is the same however often an event is applied, and however often it is rebuilt."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

import psycopg
from fastapi import FastAPI
from httpx import AsyncClient
from psycopg import sql

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectDeleted, ProjectProvisioned, ProjectRequested, RoleCount
from hcmp_eventstore.decider import load
from hcmp_eventstore.projection import Cursor, Projection, ReadModel
from hcmp_eventstore.projector import Pool, Projector, open_pool
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.domain import vm
from hcmp_inventory.domain.vm_situations import status_of
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.model import MODEL
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account

Tables = dict[str, list[dict[str, object]]]
TABLES = ("vm", "vm_history", "project", "maintenance")


def requested(count: int) -> ProjectRequested:
    return ProjectRequested(
        name="shop",
        owner_id="mina",
        owner_username="mina",
        template="single",
        packages=[],
        roles=[RoleCount(name="web", count=count)],
        steps=[],
    )


@dataclass(frozen=True)
class Twice:
    """A projection to which every event comes three times."""

    once: Projection

    @property
    def tables(self) -> LiteralString:
        return self.once.tables

    @property
    def subjects(self) -> Sequence[str]:
        return self.once.subjects

    async def apply(self, cursor: Cursor, batch: Sequence[Recorded[DomainEvent]]) -> None:
        await self.once.apply(cursor, [recorded for recorded in batch for _ in range(2)])
        await self.once.apply(cursor, batch)


async def lived(parts: Parts, operator: AsyncClient, store: EventStore) -> Tables:
    """What the live read model holds after a machine went through each of its states."""

    async def settled(**counts: int) -> None:
        await eventually(lambda: pool_queries.counts(parts.pool), lambda seen: seen == counts, seconds=20)

    async def imported(count: int) -> None:
        answer = await operator.post("/api/vms/import", json={"provider": "docker", "count": count})
        assert answer.status_code == 201, answer.text

    await imported(4)
    over, running, denied = (str(uuid4()) for _ in range(3))
    await happened(store, over, requested(2))
    await settled(available=2, provisioning=2)
    await happened(store, over, ProjectDeleted())
    await settled(available=4)
    await happened(store, running, requested(1))
    await settled(available=3, provisioning=1)
    await happened(store, running, ProjectProvisioned(attempt=1, log_sequence=0))
    await settled(available=3, assigned=1)
    await happened(store, denied, requested(9))
    free = [machine.facts.name for machine in await pool_queries.free(parts.pool)]
    await operator.patch(f"/api/vms/{vm_id_of(free[0])}", json={"labels": {"rack": "3"}})
    await operator.post(f"/api/vms/{vm_id_of(free[1])}/maintenance", json={"reason": "disk"})
    await operator.delete(f"/api/vms/{vm_id_of(free[2])}")
    await imported(1)
    await operator.put("/api/admin/settings", json={"maintenance_mode": True, "maintenance_message": "soon"})
    await settled(available=2, assigned=1, maintenance=1)
    return await content(parts.pool)


async def content(pool: Pool) -> Tables:
    """Everything that stands in the read model, in an order of its own."""
    tables: Tables = {}
    async with pool.connection() as connection:
        for table in TABLES:
            found = await connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            tables[table] = sorted(await found.fetchall(), key=str)
    return tables


async def built(store: EventStore, database_url: str, model: ReadModel, sequence: int) -> Tables:
    projector = Projector(store, database_url, model)
    building = asyncio.create_task(projector.run())
    assert await projector.wait_for(sequence, timeout=20), projector.failure
    building.cancel()
    await asyncio.gather(building, return_exceptions=True)
    async with open_pool(database_url, model) as pool:
        return await content(pool)


async def test_a_read_model_built_anew_equals_the_live_one_and_the_log(
    inventory_app: FastAPI, operator: AsyncClient, event_store: EventStore, database_url: str
) -> None:
    parts: Parts = inventory_app.state.parts
    live = await lived(parts, operator, event_store)
    assert all(live.values()), "every table is put to the test"

    end = parts.projector.position
    anew = await built(event_store, database_url, ReadModel("anew", 1, MODEL.projections), end)
    twice_applied = ReadModel("twice", 1, [Twice(projection) for projection in MODEL.projections])
    twice = await built(event_store, database_url, twice_applied, end)

    assert anew == live
    assert twice == live, "duplicates leave no trace"
    for row in live["vm"]:
        state = (await load(event_store, vm.DECIDER, str(row["vm_id"]))).state
        assert row["status"] == status_of(state)


async def test_a_service_whose_read_model_was_dropped_has_the_same_one_after_its_next_start(
    running: Callable[[], AbstractAsyncContextManager[FastAPI]],
    signed_in_to: Callable[[FastAPI, Account], AsyncClient],
    event_store: EventStore,
    database_url: str,
) -> None:
    async with running() as app, signed_in_to(app, Account("operator", role="admin")) as operator:
        before = await lived(app.state.parts, operator, event_store)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(MODEL.schema)))
    async with running() as app:  # ready means that its projector has caught up with the log
        assert await content(app.state.parts.pool) == before
