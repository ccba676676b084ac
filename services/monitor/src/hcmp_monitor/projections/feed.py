"""Reading the feed: a page of what happened before, and what happened since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import class_row

from hcmp_eventstore.projector import Pool


@dataclass(frozen=True)
class Entry:
    """One event of the feed, with the names that its things had when it happened."""

    sequence: int
    id: str
    time: datetime
    kind: str
    summary: dict[str, Any]
    correlation_id: str
    actor_kind: str
    actor_id: str
    actor_name: str
    project_id: str | None
    project_name: str | None
    vm_id: str | None
    vm_name: str | None
    account_id: str | None
    account_name: str | None


@dataclass(frozen=True)
class Filters:
    """Which part of the feed is asked for; None leaves a choice open.

    `reader` is the account that asks, None for an operator. `actor` is an id or a name. `kind` is a whole kind
    (`vm.reserved`) or an aggregate (`vm`).
    """

    reader: str | None
    project: str | None = None
    vm: str | None = None
    actor: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_CLAUSES: dict[str, LiteralString] = {
    "reader": "audience = %(reader)s",
    "project": "project_id = %(project)s",
    "vm": "vm_id = %(vm)s",
    "actor": "(actor_id = %(actor)s OR actor_name = %(actor)s)",
    "since": "time >= %(since)s",
    "until": "time <= %(until)s",
}
_SELECT: LiteralString = """
    SELECT sequence, id, time, kind, summary, correlation_id, actor_kind, actor_id, actor_name,
           project_id, project_name, vm_id, vm_name, account_id, account_name
    FROM activity WHERE
"""


def _clauses(filters: Filters) -> list[LiteralString]:
    chosen = [clause for name, clause in _CLAUSES.items() if getattr(filters, name) is not None]
    if filters.kind is not None:
        chosen.append("kind = %(kind)s" if "." in filters.kind else "aggregate = %(kind)s")
    return chosen


async def before(pool: Pool, filters: Filters, *, sequence: int | None, limit: int) -> Sequence[Entry]:
    """The newest entries, newest first; with a sequence those that came before it."""
    where = [*_clauses(filters), "sequence < %(sequence)s" if sequence is not None else "true"]
    query = f"{_SELECT} {' AND '.join(where)} ORDER BY sequence DESC LIMIT %(limit)s"
    return await _fetch(pool, query, {**vars(filters), "sequence": sequence, "limit": limit})


async def after(pool: Pool, filters: Filters, *, sequence: int, limit: int) -> Sequence[Entry]:
    """The entries that came after a sequence, oldest first."""
    where = [*_clauses(filters), "sequence > %(sequence)s"]
    query = f"{_SELECT} {' AND '.join(where)} ORDER BY sequence LIMIT %(limit)s"
    return await _fetch(pool, query, {**vars(filters), "sequence": sequence, "limit": limit})


async def _fetch(pool: Pool, query: LiteralString, values: dict[str, Any]) -> Sequence[Entry]:
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
