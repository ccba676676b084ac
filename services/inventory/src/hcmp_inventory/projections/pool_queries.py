"""What is asked of the pool's tables. Each question is one statement, however many machines there are."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, class_row
from psycopg.types.json import Jsonb

from hcmp_contracts.vm import VmRegistered
from hcmp_eventstore.projector import Pool
from hcmp_inventory.domain.vm_situations import VmStatus

T = TypeVar("T")
# A contracts.Cause as the tables have it.
StoredCause = Mapping[str, str | Mapping[str, str | int]]
PAGE = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """A machine as the pool shows it. `owner` is a username; `drift` is by what is not as it is recorded."""

    vm_id: str
    name: str
    address: str
    status: VmStatus
    provider: str
    labels: dict[str, str]
    project_id: str | None
    owner_id: str | None
    owner: str | None
    role: str | None
    reason: str | None
    causes: list[StoredCause]
    drift: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """A machine with everything that operators see."""

    vm_id: str
    name: str
    address: str
    status: VmStatus
    provider: str
    labels: dict[str, str]
    project_id: str | None
    owner_id: str | None
    owner: str | None
    role: str | None
    reason: str | None
    causes: list[StoredCause]
    drift: dict[str, dict[str, str]]
    provider_ref: str
    placement: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    exporter_host: str
    exporter_port: int
    host_key: str
    credential_set: bool
    ssh_certificates: bool
    registered_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FreeMachine:
    """A machine that could be reserved when the read model saw it: at `version` of its history."""

    vm_id: str
    version: int
    facts: VmRegistered


@dataclass(frozen=True, slots=True)
class Watched:
    """A machine as the sweeps look at it; `drift` is how each thing was found that is not as it is recorded."""

    vm_id: str
    name: str
    status: VmStatus
    unreachable: bool
    address: str
    provider_ref: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    host_key: str
    credential: str | None
    drift: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where Prometheus finds a machine's exporter."""

    vm_id: str
    name: str
    exporter_host: str
    exporter_port: int


_CELL = sql.SQL(
    "vm_id, vm.name, address, status, provider, labels, project_id, vm.owner_id, "
    "project.owner_username AS owner, role, reason, causes, drift"
)
_ROW = sql.SQL(
    "{}, provider_ref, placement, ssh_host, ssh_port, ssh_user, exporter_host, exporter_port, host_key, "
    "credential IS NOT NULL AS credential_set, ssh_certificates, registered_at, changed_at"
).format(_CELL)
_PRESENT = sql.SQL("vm")
# One look into the history's index a machine.
_PAST = sql.SQL("""(
    SELECT past.* FROM vm AS known, LATERAL (
        SELECT * FROM vm_history AS history WHERE history.vm_id = known.vm_id AND history.changed_at <= %(at)s
        ORDER BY history.changed_at DESC, history.version DESC LIMIT 1
    ) AS past
) AS vm""")
_CELLS = sql.SQL(
    "SELECT {} FROM {} LEFT JOIN project USING (project_id) WHERE status <> 'retired' "
    "AND (vm.name > %(after)s OR %(after)s::text IS NULL) ORDER BY vm.name LIMIT %(limit)s"
)
_COUNTS = sql.SQL("SELECT status, count(*) AS machines FROM {} WHERE status <> 'retired' GROUP BY status")
_PAGE = sql.SQL(
    "SELECT {} FROM vm LEFT JOIN project USING (project_id) "
    "WHERE (status = %(status)s OR %(status)s::text IS NULL AND status <> 'retired') "
    "AND (vm.name > %(after)s OR %(after)s::text IS NULL) ORDER BY vm.name LIMIT %(limit)s"
).format(_ROW)
_SOME = sql.SQL(
    "SELECT {} FROM vm LEFT JOIN project USING (project_id) WHERE vm_id = ANY(%(ids)s) ORDER BY vm.name"
).format(_ROW)

# The hosts are found by skipping from one to the next in the index, however many machines each has. As many
# machines on each of as many hosts as are needed are enough to keep them all apart, and to serve them all.
_FREE = sql.SQL("""
    WITH RECURSIVE host AS (
        (SELECT placement FROM vm WHERE status = 'available' ORDER BY placement LIMIT 1)
        UNION ALL
        SELECT (
            SELECT placement FROM vm WHERE status = 'available' AND placement > host.placement
            ORDER BY placement LIMIT 1
        ) FROM host WHERE placement IS NOT NULL
    ), shuffled AS (
        SELECT placement FROM host WHERE placement IS NOT NULL ORDER BY md5(placement || %(start)s)
    )
    SELECT DISTINCT ON (vm_id < %(start)s, vm_id)
        vm_id, version, name, address, ssh_host, ssh_port, ssh_user, exporter_host, exporter_port, provider,
        provider_ref, vm.placement, host_key, credential, ssh_certificates, vm.labels, request_id, request_digest
    FROM unnest(%(labels)s::jsonb[]) AS wanted (labels), LATERAL (
        SELECT vm.* FROM shuffled, LATERAL (
            ({some} AND vm_id >= %(start)s ORDER BY vm_id LIMIT %(limit)s)
            UNION ALL
            ({some} AND vm_id < %(start)s ORDER BY vm_id LIMIT %(limit)s)
            LIMIT %(limit)s
        ) AS vm
        LIMIT %(limit)s * %(limit)s
    ) AS vm
    ORDER BY vm_id < %(start)s, vm_id
""").format(
    some=sql.SQL(
        "SELECT * FROM vm WHERE status = 'available' AND vm.placement = shuffled.placement "
        "AND vm.labels @> wanted.labels AND NOT vm_id = ANY(%(besides)s) "
        "AND (vm.version <= %(until)s OR %(until)s::bigint IS NULL)"
    )
)


async def cells(
    pool: Pool, at: datetime | None = None, *, after: str | None = None, limit: int | None = None
) -> list[Cell]:
    """The pool by name behind the name `after`, now or as it was."""
    values = {"at": at, "after": after, "limit": limit}
    return await _all(pool, Cell, _CELLS.format(_CELL, _source(at)), values)


async def counts(pool: Pool, at: datetime | None = None) -> dict[str, int]:
    """How many machines are in each state; states without any are absent."""
    async with pool.connection() as connection:
        return await counted(connection, at)


async def counted(connection: AsyncConnection[DictRow], at: datetime | None = None) -> dict[str, int]:
    """The same, by a connection that somebody has already."""
    found = await connection.execute(_COUNTS.format(_source(at)), {"at": at})
    return {row["status"]: row["machines"] for row in await found.fetchall()}


def _source(at: datetime | None) -> sql.SQL:
    return _PRESENT if at is None else _PAST


async def page(pool: Pool, *, status: str | None, after: str | None, limit: int) -> list[Row]:
    """Machines by name behind the name `after`; retired ones only when they are asked for."""
    return await _all(pool, Row, _PAGE, {"status": status, "after": after, "limit": limit})


async def some(pool: Pool, vm_ids: Sequence[str]) -> list[Row]:
    """These machines, by name."""
    return await _all(pool, Row, _SOME, {"ids": list(vm_ids)})


async def free(
    pool: Pool,
    *,
    labels: Sequence[Mapping[str, str]] = ({},),
    besides: Collection[str] = (),
    until: int | None = None,
    start: str = "",
    limit: int | None = None,
) -> list[FreeMachine]:
    """Machines that can be reserved and are not among `besides`, in the order of their ids: from the id `start`
    on, then from the first. For each of the sets `labels` at most `limit` on each host that carry it, so that a
    pick costs the same in a pool of any size. With `until`, none to which anything has happened behind that place
    of the log.
    """
    values = {"labels": [Jsonb(dict(wanted)) for wanted in labels], "besides": list(besides), "until": until}
    async with pool.connection() as connection:
        found = await connection.execute(_FREE, values | {"start": start, "limit": limit})
        return [_free_machine(row) for row in await found.fetchall()]


async def newest_free(pool: Pool) -> int:
    """The last place of the log at which anything happened to a machine that can be reserved."""
    async with pool.connection() as connection:
        found = await connection.execute("SELECT max(version) AS newest FROM vm WHERE status = 'available'")
        row = await found.fetchone()
    return int(row["newest"] or 0) if row else 0


def _free_machine(row: dict[str, Any]) -> FreeMachine:
    return FreeMachine(row.pop("vm_id"), row.pop("version"), VmRegistered.model_validate(row))


async def targets(pool: Pool) -> list[Target]:
    statement = sql.SQL(
        "SELECT vm_id, name, exporter_host, exporter_port FROM vm WHERE status <> 'retired' ORDER BY name"
    )
    return await _all(pool, Target, statement, {})


_WATCHED = (
    "SELECT vm_id, name, status, unreachable, address, provider_ref, ssh_host, ssh_port, ssh_user, host_key, "
    "credential, drift FROM vm WHERE vm_id > %(after)s AND "
)
_PROBED = sql.SQL(_WATCHED) + sql.SQL(
    "(status IN ('available', 'provisioning', 'assigned') OR status = 'quarantined' AND unreachable) "
    "ORDER BY vm_id LIMIT %(limit)s"
)
_PROVIDED = sql.SQL(_WATCHED) + sql.SQL(
    "status <> 'retired' AND provider = %(provider)s ORDER BY vm_id LIMIT %(limit)s"
)


async def probed(pool: Pool) -> AsyncGenerator[Watched, None]:
    """Machines whose health counts: ready ones, those of projects, and those that are only out of reach."""
    async for machine in _paged(pool, _PROBED, {}):
        yield machine


async def provided(pool: Pool, provider: str) -> AsyncGenerator[Watched, None]:
    """All machines of a provider that are in the pool."""
    async for machine in _paged(pool, _PROVIDED, {"provider": provider}):
        yield machine


async def _paged(pool: Pool, statement: sql.Composed, values: dict[str, Any]) -> AsyncIterator[Watched]:
    """A statement a page, so that neither one of us nor the database holds ten thousand machines at once."""
    after = ""
    while page := await _all(pool, Watched, statement, values | {"after": after, "limit": PAGE}):
        for machine in page:
            yield machine
        after = page[-1].vm_id


async def known(pool: Pool) -> list[tuple[str, str]]:
    """Id and status of every machine that is not retired."""
    async with pool.connection() as connection:
        found = await connection.execute("SELECT vm_id, status FROM vm WHERE status <> 'retired'")
        return [(row["vm_id"], row["status"]) for row in await found.fetchall()]


async def retired_since(pool: Pool, sequence: int) -> int:
    """How many machines were retired behind this place of the log."""
    statement = "SELECT count(*) AS n FROM vm_history WHERE status = 'retired' AND version > %s"
    async with pool.connection() as connection:
        row = await (await connection.execute(statement, [sequence])).fetchone()
    return int(row["n"]) if row else 0


async def retired_ids_since(pool: Pool, sequence: int, provider: str) -> list[str]:
    """The machines of a provider that were retired behind this place of the log."""
    statement = (
        "SELECT DISTINCT vm_id FROM vm_history WHERE status = 'retired' AND version > %s AND provider = %s "
        "ORDER BY vm_id"
    )
    async with pool.connection() as connection:
        found = await connection.execute(statement, [sequence, provider])
        return [row["vm_id"] for row in await found.fetchall()]


async def made_otherwise(pool: Pool, request_id: str, request_digest: str) -> bool:
    """Whether a request of this id, but of another content, has registered a machine."""
    statement = "SELECT FROM vm WHERE request_id = %s AND request_digest <> %s LIMIT 1"
    async with pool.connection() as connection:
        return await (await connection.execute(statement, [request_id, request_digest])).fetchone() is not None


async def _all(pool: Pool, kind: type[T], statement: sql.SQL | sql.Composed, values: dict[str, Any]) -> list[T]:
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()
