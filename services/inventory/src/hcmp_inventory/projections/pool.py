"""Which machines are there, in which state, and whose: now and at any time in the past."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import LiteralString

from psycopg import sql
from pydantic_core import to_json

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projection import Cursor
from hcmp_eventstore.recorded import Recorded
from hcmp_inventory.projections.pool_rows import Row, row_after


class PoolProjection:
    """`vm` is the present; `vm_history` holds for each machine the intervals in which it was how.

    A rebuild goes through millions of these events: a batch is folded in memory and written by three statements.
    """

    subjects: Sequence[str] = ("hcmp.vm.*.*",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS vm (
            vm_id text PRIMARY KEY,
            name text NOT NULL,
            address text NOT NULL,
            status text NOT NULL,
            provider text NOT NULL,
            provider_ref text NOT NULL,
            placement text NOT NULL,
            ssh_host text NOT NULL,
            ssh_port integer NOT NULL,
            ssh_user text NOT NULL,
            exporter_host text NOT NULL,
            exporter_port integer NOT NULL,
            host_key text NOT NULL,
            credential text,
            ssh_certificates boolean NOT NULL,
            labels jsonb NOT NULL,
            request_id text NOT NULL,
            request_digest text NOT NULL,
            project_id text,
            owner_id text,
            role text,
            reason text,
            causes jsonb NOT NULL,
            unreachable boolean NOT NULL,
            drift jsonb NOT NULL,
            registered_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            version bigint NOT NULL
        );
        CREATE INDEX IF NOT EXISTS vm_by_name ON vm (name);
        CREATE INDEX IF NOT EXISTS vm_by_status ON vm (status, name);
        CREATE INDEX IF NOT EXISTS vm_free ON vm (placement, vm_id) WHERE status = 'available';
        CREATE INDEX IF NOT EXISTS vm_by_request ON vm (request_id) WHERE request_id <> '';
        CREATE TABLE IF NOT EXISTS vm_history (
            vm_id text NOT NULL,
            version bigint NOT NULL,
            name text NOT NULL,
            address text NOT NULL,
            status text NOT NULL,
            provider text NOT NULL,
            labels jsonb NOT NULL,
            project_id text,
            owner_id text,
            role text,
            reason text,
            causes jsonb NOT NULL,
            drift jsonb NOT NULL,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            PRIMARY KEY (vm_id, version)
        );
        CREATE INDEX IF NOT EXISTS vm_history_by_time ON vm_history (valid_from, valid_to);
    """

    async def apply(self, cursor: Cursor, batch: Sequence[Recorded[DomainEvent]]) -> None:
        happened = [recorded for recorded in batch if recorded.aggregate == "vm"]
        if not happened:
            return
        rows = await _rows(cursor, {recorded.aggregate_id for recorded in happened})
        began: list[Row] = []
        ended: dict[tuple[str, int], datetime] = {}
        for recorded in happened:
            old = rows.get(recorded.aggregate_id)
            new = row_after(old, recorded)
            if new is None or new is old:
                continue
            if old is not None:
                ended[old["vm_id"], old["version"]] = new["changed_at"]
            rows[new["vm_id"]] = new
            began.append(new)
        if began:
            await _write(cursor, {row["vm_id"]: rows[row["vm_id"]] for row in began}, began, ended)


async def _rows(cursor: Cursor, vm_ids: Collection[str]) -> dict[str, Row]:
    await cursor.execute("SELECT * FROM vm WHERE vm_id = ANY(%s)", [list(vm_ids)])
    return {row["vm_id"]: row for row in await cursor.fetchall()}


async def _write(
    cursor: Cursor, rows: dict[str, Row], began: Sequence[Row], ended: dict[tuple[str, int], datetime]
) -> None:
    """Put the rows in the place of the old ones, store the intervals that began, and end those from before: each
    by machine and version.
    """
    intervals = [_interval(row, ended.pop((row["vm_id"], row["version"]), None)) for row in began]
    await cursor.execute(_put(tuple(began[0])), [to_json(list(rows.values())).decode()])
    await cursor.execute(_BEGIN, [to_json(intervals).decode()])
    if ended:
        vm_ids, versions = zip(*ended, strict=True)
        await cursor.execute(_END, [list(vm_ids), list(versions), list(ended.values())])


def _interval(row: Row, end: datetime | None) -> Row:
    return {column: row[column] for column in _KEPT} | {"valid_from": row["changed_at"], "valid_to": end}


# What `vm_history` has of a row.
_KEPT = (
    "vm_id",
    "version",
    "name",
    "address",
    "status",
    "provider",
    "labels",
    "project_id",
    "owner_id",
    "role",
    "reason",
    "causes",
    "drift",
)
_BEGIN = "INSERT INTO vm_history SELECT * FROM json_populate_recordset(NULL::vm_history, %s)"
_END = """
    UPDATE vm_history SET valid_to = ended.at
    FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[]) AS ended (vm_id, version, at)
    WHERE vm_history.vm_id = ended.vm_id AND vm_history.version = ended.version
"""


@cache
def _put(columns: tuple[str, ...]) -> bytes:
    statement = sql.SQL(
        "INSERT INTO vm SELECT * FROM json_populate_recordset(NULL::vm, %s) "
        "ON CONFLICT (vm_id) DO UPDATE SET {changes}"
    )
    changes = (sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns)
    return statement.format(changes=sql.SQL(", ").join(changes)).as_bytes()
