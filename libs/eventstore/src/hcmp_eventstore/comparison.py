"""Comparing a live read model with a fresh fold of the log, row by row, while the service goes on.

One transaction sees the live schema as it stands at one checkpoint; the log is folded up to exactly that place
into `<name>_verify_v<n>`, which is dropped afterwards. Rows are matched by their primary key (by their whole
content where a table has none), read in order from both sides, so that memory does not grow with the tables.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.reader import last_sequence
from hcmp_eventstore.rebuild import projecting, reach
from hcmp_eventstore.schemas import Connection, alone, beside, checkpoint_of, drop, opened
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS

FETCHED_AT_ONCE = 1000


@dataclass
class Comparison:
    """What was found: how many rows are alike, how many differ, and the first that does, as a sentence."""

    schema: str
    checkpoint: int
    tables: int = 0
    rows: int = 0
    differences: int = 0
    first: str | None = None

    def differs(self, sentence: str) -> None:
        self.differences += 1
        self.first = self.first or sentence


@dataclass(frozen=True)
class _Row:
    key: str
    content: dict[str, Any] = field(compare=False)


async def compare(store: EventStore, database_url: str, model: ReadModel) -> Comparison:
    """Fold the log anew up to the live checkpoint, and compare every table. Raises RebuildError when an event
    cannot be applied, or the read model is being rebuilt.
    """
    folded = beside(model, "verify")
    async with opened(database_url) as live, opened(database_url) as fresh:
        await alone(fresh, model)
        await live.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        checkpoint = await checkpoint_of(live, model.schema)
        if checkpoint is None:
            return Comparison(model.schema, 0, differences=1, first=f"there is no schema {model.schema}")
        found = Comparison(model.schema, checkpoint)
        if (end := await last_sequence(store.client, stream=EVENTS, subjects=model.subjects)) < checkpoint:
            found.differs(f"{model.schema} has seen event {checkpoint}, but the last one of its kind is {end}")
            return found
        await drop(fresh, folded.schema)
        try:
            async with projecting(store, database_url, folded, until=checkpoint) as projector:
                await reach(projector, checkpoint)
            await fresh.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await _compare_tables(found, (live, model.schema), (fresh, folded.schema))
        finally:
            await fresh.rollback()
            await drop(fresh, folded.schema)
    return found


async def _compare_tables(found: Comparison, live: tuple[Connection, str], fresh: tuple[Connection, str]) -> None:
    expected, present = await _tables(*fresh), await _tables(*live)
    for table in sorted(expected.keys() | present.keys()):
        if expected.get(table) != present.get(table):
            found.differs(f"the table {table} of {found.schema} has not the columns that this version gives it")
            continue
        found.tables += 1
        keys = expected[table].keys
        async with aclosing(_rows(*live, table, keys)) as left, aclosing(_rows(*fresh, table, keys)) as right:
            await _compare_rows(found, table, left, right)


async def _compare_rows(
    found: Comparison, table: str, live: AsyncIterator[_Row], fresh: AsyncIterator[_Row]
) -> None:
    """Walk both in the order of their keys, as one merges two sorted lists."""
    left, right = await anext(live, None), await anext(fresh, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.key < right.key):
            found.differs(
                f"{table} {left.key if left else ''} stands in the read model, but does not follow from the log"
            )
            left = await anext(live, None)
        elif left is None or right.key < left.key:
            found.differs(f"{table} {right.key} follows from the log, but is missing in the read model")
            right = await anext(fresh, None)
        else:
            if columns := [name for name, value in right.content.items() if left.content[name] != value]:
                found.differs(f"{table} {left.key} differs from what follows from the log in {', '.join(columns)}")
            found.rows += 1
            left, right = await anext(live, None), await anext(fresh, None)


@dataclass(frozen=True)
class _Table:
    """A table's columns with their types, and those of its primary key."""

    columns: tuple[str, ...]
    keys: tuple[str, ...]


async def _tables(connection: Connection, schema: str) -> dict[str, _Table]:
    found = await connection.execute(
        """
        SELECT c.relname AS name,
               array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attname) AS columns,
               coalesce(array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (i.indkey)), '{}')
                   AS keys
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname <> 'checkpoint'
        GROUP BY c.relname
        """,
        [schema],
    )
    return {
        row["name"]: _Table(columns=tuple(row["columns"]), keys=tuple(row["keys"]))
        for row in await found.fetchall()
    }


async def _rows(
    connection: Connection, schema: str, table: str, keys: tuple[str, ...]
) -> AsyncGenerator[_Row, None]:
    """A table's rows in the order of their keys, fetched bit by bit."""
    named = sql.SQL(", ").join(sql.SQL("{}, t.{}").format(sql.Literal(key), sql.Identifier(key)) for key in keys)
    key = sql.SQL("jsonb_build_object({})").format(named) if keys else sql.SQL("to_jsonb(t)")
    query = sql.SQL(
        'SELECT {key}::text COLLATE "C" AS key, to_jsonb(t) AS content FROM {table} t ORDER BY 1'
    ).format(key=key, table=sql.Identifier(schema, table))
    async with connection.cursor(name=f"rows_of_{table}") as cursor:
        cursor.itersize = FETCHED_AT_ONCE
        await cursor.execute(query)
        async for row in cursor:
            yield _Row(row["key"], row["content"])
