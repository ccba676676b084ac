"""Which machines are there, in which state, and whose: now and at any time in the past."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import LiteralString

from psycopg import sql
from pydantic_core import to_json

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projection import Cursor
from hcmp_eventstore.recorded import Recorded
from hcmp_inventory.projections.pool_rows import Row, row_after


class PoolProjection:
    """`vm` is the present; `vm_history` holds how each machine was from when on.

    A rebuild goes through millions of these events: a batch is folded in memory and written by two statements, and
    nothing is ever changed in the history, which has one index.
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
        ) WITH (fillfactor = 50);
        CREATE INDEX IF NOT EXISTS vm_by_name ON vm (name);
        CREATE INDEX IF NOT EXISTS vm_by_status ON vm (status, name);
        CREATE INDEX IF NOT EXISTS vm_free ON vm (placement, vm_id) WHERE status = 'available';
        CREATE INDEX IF NOT EXISTS vm_by_request ON vm (request_id) WHERE request_id <> '';
        CREATE TABLE IF NOT EXISTS vm_history (
            vm_id text NOT NULL,
            changed_at timestamptz NOT NULL,
            version bigint NOT NULL,
            name text NOT NULL,
            address text NOT NULL,
            status text NOT NULL,
            provider text NOT NULL,
            labels json NOT NULL,
            project_id text,
            owner_id text,
            role text,
            reason text,
            causes json NOT NULL,
            drift json NOT NULL,
            PRIMARY KEY (vm_id, changed_at, version)
        );
    """

    async def apply(self, cursor: Cursor, batch: Sequence[Recorded[DomainEvent]]) -> None:
        happened = [recorded for recorded in batch if recorded.aggregate == "vm"]
        if not happened:
            return
        rows = await _rows(cursor, {recorded.aggregate_id for recorded in happened})
        history: list[Row] = []
        for recorded in happened:
            vm_id = recorded.aggregate_id
            old = rows.get(vm_id)
            new = row_after(old, recorded)
            if new is not None and new is not old:
                rows[vm_id] = new
                history.append(new)
        if history:
            present = {row["vm_id"]: row for row in history}
            await cursor.execute(_put(tuple(history[0])), [to_json(list(present.values())).decode()])
            kept = [{column: row[column] for column in _KEPT} for row in history]
            await cursor.execute(_KEEP, [to_json(kept).decode()])


async def _rows(cursor: Cursor, vm_ids: Collection[str]) -> dict[str, Row]:
    await cursor.execute("SELECT * FROM vm WHERE vm_id = ANY(%s)", [list(vm_ids)])
    return {row["vm_id"]: row for row in await cursor.fetchall()}


# What `vm_history` has of a row.
_KEPT = (
    "vm_id",
    "changed_at",
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
_KEEP = "INSERT INTO vm_history SELECT * FROM json_populate_recordset(NULL::vm_history, %s)"


@cache
def _put(columns: tuple[str, ...]) -> bytes:
    statement = sql.SQL(
        "INSERT INTO vm SELECT * FROM json_populate_recordset(NULL::vm, %s) "
        "ON CONFLICT (vm_id) DO UPDATE SET {changes}"
    )
    changes = (sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns)
    return statement.format(changes=sql.SQL(", ").join(changes)).as_bytes()
