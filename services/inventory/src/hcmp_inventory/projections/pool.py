"""Which machines are there, in which state, and whose: now and at any time in the past."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import LiteralString

from psycopg import sql

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
            drift jsonb NOT NULL,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            PRIMARY KEY (vm_id, version)
        );
        CREATE INDEX IF NOT EXISTS vm_history_present ON vm_history (vm_id) WHERE valid_to IS NULL;
        CREATE INDEX IF NOT EXISTS vm_history_by_time ON vm_history (valid_from, valid_to);
    """

    async def apply(self, cursor: Cursor, batch: Sequence[Recorded[DomainEvent]]) -> None:
        happened = [recorded for recorded in batch if recorded.aggregate == "vm"]
        if not happened:
            return
        before = await _rows(cursor, {recorded.aggregate_id for recorded in happened})
        now, intervals = dict(before), list[Row]()
        open_intervals: dict[str, Row] = {}
        ended: dict[str, datetime] = {}
        for recorded in happened:
            vm_id = recorded.aggregate_id
            row = row_after(now.get(vm_id), recorded)
            if row is None or row is now.get(vm_id):
                continue
            now[vm_id] = row
            if vm_id in open_intervals:
                open_intervals[vm_id]["valid_to"] = row["changed_at"]
            elif vm_id in before:
                ended[vm_id] = row["changed_at"]
            open_intervals[vm_id] = {column: row[column] for column in _REMEMBERED}
            open_intervals[vm_id] |= {"valid_from": row["changed_at"], "valid_to": None}
            intervals.append(open_intervals[vm_id])
        if intervals:
            await _write(cursor, [now[vm_id] for vm_id in open_intervals], ended, intervals)


async def _rows(cursor: Cursor, vm_ids: Collection[str]) -> dict[str, Row]:
    await cursor.execute("SELECT * FROM vm WHERE vm_id = ANY(%s)", [list(vm_ids)])
    return {row["vm_id"]: row for row in await cursor.fetchall()}


async def _write(
    cursor: Cursor, rows: Sequence[Row], ended: dict[str, datetime], intervals: Sequence[Row]
) -> None:
    """Put the rows in the place of the old ones, end the intervals that were open, and begin the new ones."""
    await cursor.execute(_put(tuple(rows[0])), [json.dumps(rows, default=str)])
    if ended:
        await cursor.execute(_END, [list(ended), list(ended.values())])
    await cursor.execute(_BEGIN, [json.dumps(intervals, default=str)])


# What `vm_history` keeps of a row.
_REMEMBERED = (
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
    "drift",
)
_END = """
    UPDATE vm_history SET valid_to = ended.at
    FROM unnest(%s::text[], %s::timestamptz[]) AS ended (vm_id, at)
    WHERE vm_history.vm_id = ended.vm_id AND vm_history.valid_to IS NULL
"""
_BEGIN = "INSERT INTO vm_history SELECT * FROM json_populate_recordset(NULL::vm_history, %s)"


@cache
def _put(columns: tuple[str, ...]) -> bytes:
    statement = sql.SQL(
        "INSERT INTO vm SELECT * FROM json_populate_recordset(NULL::vm, %s) "
        "ON CONFLICT (vm_id) DO UPDATE SET {changes}"
    )
    changes = (sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns)
    return statement.format(changes=sql.SQL(", ").join(changes)).as_bytes()
