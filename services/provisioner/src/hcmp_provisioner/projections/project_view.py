"""The questions about projects: one, a page of them, as they are or were; and how an attempt was allocated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow, class_row

from hcmp_contracts.project import HostFailure, HostResult
from hcmp_eventstore.projector import Pool

FINAL = frozenset({"completed", "failed", "cancelled", "rejected", "deleting", "deleted"})


@dataclass(frozen=True)
class MachineView:
    """`lost_at`: since then it is gone for good, for this reason."""

    id: str
    name: str
    address: str
    role: str
    lost_at: datetime | None = None
    lost_reason: str | None = None


@dataclass(frozen=True)
class StepView:
    """`attempt` is the one in which it ran; `hosts` and `failures` are known when it has ended."""

    number: int
    name: str
    status: str
    attempt: int
    started_at: datetime | None = None
    finished_at: datetime | None = None
    hosts: tuple[HostResult, ...] = ()
    failures: tuple[HostFailure, ...] = ()

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class ProjectView:
    """A project at one time. `sequence` orders projects by when they were asked for.

    `gate` holds a request back (see projections/projects.py); `worker` has the run; `shortage` is what a request
    that waits in the pool's queue lacked when it was last looked at.
    """

    id: str
    sequence: int
    name: str
    owner_id: str
    owner: str
    template: str
    packages: list[str]
    status: str
    attempt: int
    vms: list[MachineView]
    steps: list[StepView]
    created_at: datetime
    lease_expires_at: datetime | None
    failure: dict[str, Any] | None
    log_sequence: int | None
    dry_run: bool
    gate: str | None
    worker: str | None
    held_until: datetime | None
    machines: int
    shortage: "Queued | None"


@dataclass(frozen=True)
class Granted:
    machines: list[MachineView]


@dataclass(frozen=True)
class Denied:
    needed: int
    available: int


@dataclass(frozen=True)
class Queued:
    """The request waits for machines."""

    needed: int
    available: int


@dataclass(frozen=True)
class Listing:
    """Which projects to list: behind a sequence, of an owner (None: everyone's), of a status, behind a gate."""

    limit: int
    behind: int | None = None
    owner_id: str | None = None
    status: str | None = None
    gate: str | None = None


@dataclass(frozen=True)
class HeldBack:
    """A request that waits to be admitted."""

    id: str
    owner_id: str
    machines: int
    attempt: int


async def project(pool: Pool, project_id: str, *, at: datetime | None = None) -> ProjectView | None:
    """The project now, or as it was at a time; None when it did not exist (yet)."""
    async with pool.connection() as connection:
        rows = await (
            await connection.execute(
                """
                SELECT * FROM project JOIN period ON period.project_id = project.id
                WHERE project.id = %(id)s AND CASE WHEN %(at)s::timestamptz IS NULL THEN valid_to IS NULL
                    ELSE valid_from <= %(at)s AND (valid_to IS NULL OR valid_to > %(at)s) END
                ORDER BY since DESC LIMIT 1
                """,
                {"id": project_id, "at": at},
            )
        ).fetchall()
    views = await _assemble(pool, rows, at)
    return views[0] if views else None


async def projects(pool: Pool, listing: Listing) -> list[ProjectView]:
    """Newest first; deleted ones only when they are asked for."""
    async with pool.connection() as connection:
        rows = await (
            await connection.execute(
                """
                SELECT * FROM project JOIN period ON period.project_id = project.id AND valid_to IS NULL
                WHERE (%(owner)s::text IS NULL OR owner_id = %(owner)s)
                    AND (%(behind)s::bigint IS NULL OR sequence < %(behind)s)
                    AND (%(gate)s::text IS NULL OR gate = %(gate)s)
                    AND CASE WHEN %(status)s::text IS NULL THEN status <> 'deleted' ELSE status = %(status)s END
                ORDER BY sequence DESC LIMIT %(limit)s
                """,
                {
                    "owner": listing.owner_id,
                    "behind": listing.behind,
                    "status": listing.status,
                    "gate": listing.gate,
                    "limit": listing.limit,
                },
            )
        ).fetchall()
    return await _assemble(pool, rows, None)


async def outcome(pool: Pool, project_id: str, attempt: int) -> Granted | Denied | Queued | None:
    """What became of an attempt's wish for machines; None while it is not decided."""
    async with pool.connection() as connection:
        machines = await (
            await connection.execute(
                "SELECT * FROM machine WHERE project_id = %s AND attempt = %s ORDER BY position",
                [project_id, attempt],
            )
        ).fetchall()
        lack = await (
            await connection.execute(
                """
                SELECT needed, available, true AS final FROM denial WHERE project_id = %(id)s AND attempt = %(at)s
                UNION ALL
                SELECT needed, available, false FROM shortage WHERE project_id = %(id)s AND attempt = %(at)s
                ORDER BY final DESC LIMIT 1
                """,
                {"id": project_id, "at": attempt},
            )
        ).fetchone()
    if machines:
        return Granted([_machine(row) for row in machines])
    if lack is None:
        return None
    kind = Denied if lack["final"] else Queued
    return kind(needed=lack["needed"], available=lack["available"])


@dataclass(frozen=True)
class Running:
    """A project that somebody works on: a run, or the end of one."""

    id: str
    name: str
    owner: str
    template: str
    status: str


async def running(pool: Pool) -> list[Running]:
    """All of them, the oldest first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Running)) as cursor:
        await cursor.execute(
            """
            SELECT id, name, owner_username AS owner, template, status
            FROM project JOIN period ON period.project_id = project.id AND valid_to IS NULL
            WHERE status IN ('configuring', 'deleting') ORDER BY sequence
            """
        )
        return await cursor.fetchall()


async def held_back(pool: Pool, *, owner_id: str | None = None, project_id: str | None = None) -> list[HeldBack]:
    """Approved requests that wait for maintenance to end or for quota, oldest first: an owner's, one, or all."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(HeldBack)) as cursor:
        await cursor.execute(
            """
            SELECT id, owner_id, machines, attempt
            FROM project JOIN period ON period.project_id = project.id AND valid_to IS NULL
            WHERE gate = 'admission' AND (%(owner)s::text IS NULL OR owner_id = %(owner)s)
                AND (%(id)s::text IS NULL OR id = %(id)s)
            ORDER BY sequence
            """,
            {"owner": owner_id, "id": project_id},
        )
        return await cursor.fetchall()


async def projects_before(pool: Pool, sequence: int) -> list[str]:
    """The ids of all projects that were asked for before `sequence` and are not deleted."""
    async with pool.connection() as connection:
        rows = await (
            await connection.execute(
                """
                SELECT id FROM project JOIN period ON period.project_id = project.id AND valid_to IS NULL
                WHERE sequence < %s AND status <> 'deleted' ORDER BY sequence
                """,
                [sequence],
            )
        ).fetchall()
    return [row["id"] for row in rows]


async def _assemble(pool: Pool, rows: Sequence[DictRow], at: datetime | None) -> list[ProjectView]:
    """Add steps and machines to rows of projects, by one query each."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    async with pool.connection() as connection:
        steps = await (await connection.execute("SELECT * FROM step WHERE project_id = ANY(%s)", [ids])).fetchall()
        machines = await (
            await connection.execute(
                """
                SELECT * FROM machine WHERE project_id = ANY(%(ids)s)
                    AND CASE WHEN %(at)s::timestamptz IS NULL THEN valid_to IS NULL
                        ELSE valid_from <= %(at)s AND (valid_to IS NULL OR valid_to > %(at)s) END
                ORDER BY attempt, position
                """,
                {"ids": ids, "at": at},
            )
        ).fetchall()
        shortages = await (
            await connection.execute("SELECT * FROM shortage WHERE project_id = ANY(%s)", [ids])
        ).fetchall()
    lacking = {(row["project_id"], row["attempt"]): Queued(row["needed"], row["available"]) for row in shortages}
    return [
        _view(
            row,
            [step for step in steps if (step["project_id"], step["attempt"]) == (row["id"], row["attempt"])],
            [machine for machine in machines if machine["project_id"] == row["id"]],
            lacking.get((row["id"], row["attempt"])),
            at,
        )
        for row in rows
    ]


def _view(
    row: DictRow,
    steps: Sequence[DictRow],
    machines: Sequence[DictRow],
    shortage: Queued | None,
    at: datetime | None,
) -> ProjectView:
    by_number = {step["number"]: step for step in steps}
    return ProjectView(
        id=row["id"],
        sequence=row["sequence"],
        name=row["name"],
        owner_id=row["owner_id"],
        owner=row["owner_username"],
        template=row["template"],
        packages=row["packages"],
        status=row["status"],
        attempt=row["attempt"],
        vms=[_machine(machine, at) for machine in machines],
        steps=[_step(planned, by_number.get(planned["number"]), row["attempt"], at) for planned in row["steps"]],
        created_at=row["created_at"],
        lease_expires_at=row["lease_expires_at"],
        failure=row["failure"],
        log_sequence=row["log_sequence"],
        dry_run=row["dry_run"],
        gate=row["gate"],
        worker=row["worker"],
        held_until=row["held_until"],
        machines=row["machines"],
        shortage=shortage,
    )


def _step(planned: dict[str, Any], row: DictRow | None, attempt: int, at: datetime | None) -> StepView:
    """A planned step as it stood at a time: pending before it began, running until it ended."""
    number, name = planned["number"], planned["name"]
    if row is None or (at is not None and row["started_at"] > at):
        return StepView(number, name, "pending", attempt)
    if at is not None and row["finished_at"] is not None and row["finished_at"] > at:
        return StepView(number, name, "running", row["ran_in"], row["started_at"])
    return StepView(
        number,
        name,
        row["status"],
        row["ran_in"],
        row["started_at"],
        row["finished_at"],
        hosts=tuple(HostResult.model_validate(host) for host in row["hosts"] or ()),
        failures=tuple(HostFailure.model_validate(failure) for failure in row["failures"] or ()),
    )


def _machine(row: DictRow, at: datetime | None = None) -> MachineView:
    lost_at = row["lost_at"]
    lost = lost_at is not None and (at is None or lost_at <= at)
    return MachineView(
        id=row["vm_id"],
        name=row["name"],
        address=row["address"],
        role=row["role"],
        lost_at=lost_at if lost else None,
        lost_reason=row["lost_reason"] if lost else None,
    )
