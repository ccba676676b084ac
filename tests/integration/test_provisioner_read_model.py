"""The read model of projects is the same however often an event is applied, and however often it is rebuilt."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from hcmp_contracts.account import AccountQuotaChanged, AccountRegistered, Role
from hcmp_contracts.allocation import AllocationDenied, AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    CancelRequested,
    LeaseExtended,
    PlannedStep,
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProjectRejected,
    ProjectRequested,
    ProvisioningFailed,
    ProvisioningStarted,
    RetryRequested,
    RoleCount,
    StepFailed,
    StepStarted,
    StepSucceeded,
    TeardownStarted,
)
from hcmp_contracts.settings import PLATFORM, MaintenanceEnabled
from hcmp_eventstore.projection import Cursor, Projection, ReadModel
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_provisioner.projections.read_model import READ_MODEL
from hcmp_testkit.history import happened

TABLES = ("account", "denial", "machine", "maintenance", "period", "project", "step")
ROLES = [RoleCount(name="web", count=1)]
REQUESTED = ProjectRequested(
    name="shop",
    owner_id="kim",
    owner_username="kim",
    template="single",
    packages=["htop"],
    roles=ROLES,
    steps=[PlannedStep(number=1, name="Prepare", play="a.yml")],
)
MACHINE = GrantedMachine(
    vm_id="v", name="v", address="a", role="web", ssh_host="h", ssh_port=1, ssh_user="u", host_key="k"
)


def attempt(number: int) -> list[DomainEvent]:
    return [
        AllocationGranted(owner_id="kim", attempt=number, machines=[MACHINE]),
        ProvisioningStarted(attempt=number, worker="w", first_step=1),
        StepStarted(number=1, name="Prepare", attempt=number),
        ProvisioningStarted(attempt=number, worker="another", first_step=1),
        StepStarted(number=1, name="Prepare", attempt=number),
    ]


HISTORIES: dict[str, list[DomainEvent]] = {
    "tried-twice": [
        REQUESTED,
        *attempt(1),
        StepFailed(number=1, name="Prepare", attempt=1),
        ProvisioningFailed(attempt=1, reason="step-failed", detail="why", step=1, log_sequence=3),
        AllocationReleased(reason="failed"),
        RetryRequested(attempt=2, owner_id="kim", roles=ROLES),
        *attempt(2),
        StepSucceeded(number=1, name="Prepare", attempt=2),
        ProjectProvisioned(attempt=2, log_sequence=9),
        LeaseExtended(before=None, after=utc_now()),
        TeardownStarted(reason="asked"),
        ProjectDeleted(),
        AllocationReleased(reason="deleted"),
    ],
    "cancelled": [
        REQUESTED,
        *attempt(1),
        CancelRequested(),
        ProjectCancelled(log_sequence=2),
        RetryRequested(attempt=2, owner_id="kim", roles=ROLES),
        AllocationDenied(attempt=2, needed=1, available=0),
        ProjectRejected(reason="insufficient-capacity", detail="", needed=1, available=0),
    ],
    "waiting": [REQUESTED],
}


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


async def built(store: EventStore, database_url: str, model: ReadModel, sequence: int) -> dict[str, Any]:
    """Everything in the read model once it stands for `sequence`."""
    projector = Projector(store, database_url, model)
    running = asyncio.create_task(projector.run())
    assert await projector.wait_for(sequence), projector.failure
    running.cancel()
    await asyncio.wait([running])
    connection = await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row)
    async with connection:
        await connection.execute(f"SET search_path TO {model.schema}")
        rows = {}
        for table in TABLES:
            cursor = await connection.execute(f"SELECT * FROM {table} ORDER BY {table}::text")
            rows[table] = await cursor.fetchall()
        return rows


async def test_events_that_come_twice_leave_no_trace(event_store: EventStore, database_url: str) -> None:
    kim = AccountRegistered(username="kim", full_name="", email="", role=Role.USER, machine_quota=3)
    await happened(event_store, "kim", kim, AccountQuotaChanged(before=3, after=5))
    await happened(event_store, PLATFORM, MaintenanceEnabled(message="soon"))
    last = 0
    for project_id, history in HISTORIES.items():
        for event in history:
            last = await happened(event_store, project_id, event)

    once = await built(event_store, database_url, READ_MODEL, last)
    again = await built(event_store, database_url, ReadModel("again", 1, READ_MODEL.projections), last)
    twice_applied = ReadModel("twice", 1, [Twice(projection) for projection in READ_MODEL.projections])
    twice = await built(event_store, database_url, twice_applied, last)

    assert again == once, "a rebuild"
    assert twice == once, "duplicates"
    now = {row["project_id"]: (row["status"], row["attempt"]) for row in once["period"] if row["valid_to"] is None}
    assert now == {"tried-twice": ("deleted", 2), "cancelled": ("failed", 2), "waiting": ("requested", 1)}
    for project_id in HISTORIES:
        periods = [row for row in once["period"] if row["project_id"] == project_id]
        for earlier, later in pairwise(sorted(periods, key=lambda row: row["since"])):
            assert earlier["valid_to"] == later["valid_from"], "periods follow without a gap"
