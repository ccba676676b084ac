"""The schemas of one read model: the live one, older versions beside it, and what a rebuild left behind.

A schema is `<name>_v<version>`; one that is being built for a purpose has it in its name: `<name>_rebuild_v3`.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

from psycopg import AsyncConnection, errors, sql
from psycopg.rows import DictRow, dict_row

from hcmp_eventstore.errors import EventStoreError
from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.projector import in_use
from hcmp_eventstore.reader import last_sequence
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS

Purpose = Literal["rebuild", "verify", "replaced"]
PURPOSES: tuple[Purpose, ...] = ("rebuild", "verify", "replaced")
Connection = AsyncConnection[DictRow]
State = Literal["live", "old", "newer", "rebuild", "verify", "replaced"]


class RebuildError(EventStoreError):
    """A read model cannot be built anew or compared now; the live one is as it was."""


@dataclass(frozen=True)
class SchemaStatus:
    """One schema. `behind` is how far its checkpoint lies before the newest event that concerns it; `used` says
    whether a projector keeps it up to date now. Both places are sequences of the log.
    """

    schema: str
    version: int
    state: State
    checkpoint: int
    behind: int
    used: bool

    @property
    def can_go(self) -> bool:
        """Whether nobody needs it: neither a running projector nor the next start of this version."""
        return not self.used and self.state not in ("live", "newer")


def beside(model: ReadModel, purpose: Purpose) -> ReadModel:
    """The same read model in a schema of its own."""
    return replace(model, name=f"{model.name}_{purpose}")


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Connection]:
    """A connection for looking after schemas."""
    async with await AsyncConnection[DictRow].connect(
        database_url, autocommit=True, row_factory=dict_row
    ) as connection:
        yield connection


async def statuses(store: EventStore, database_url: str, model: ReadModel) -> list[SchemaStatus]:
    """Every schema of this read model that exists, newest version first."""
    newest = await last_sequence(store.client, stream=EVENTS, subjects=model.subjects)
    async with opened(database_url) as connection:
        found = [await _status(connection, model, schema, newest) for schema in await _schemas(connection, model)]
    return sorted(found, key=lambda status: (-status.version, status.state != "live", status.schema))


async def prune(store: EventStore, database_url: str, model: ReadModel) -> list[str]:
    """Drop the schemas of older versions and of interrupted rebuilds that no projector uses; their names."""
    dropped = []
    for status in await statuses(store, database_url, model):
        if status.can_go:
            async with opened(database_url) as connection:
                await drop(connection, status.schema)
            dropped.append(status.schema)
    return dropped


async def alone(connection: Connection, model: ReadModel) -> None:
    """Hold the right to build beside the live schema and to take its place, as long as this connection lives.
    Raises RebuildError when somebody else holds it; one whose connection has just ended still does for a moment.
    """
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            key = f"{model.schema} builds"
            await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
    except errors.LockNotAvailable:
        raise RebuildError(f"{model.schema} is being rebuilt or compared already") from None


async def drop(connection: Connection, schema: str) -> None:
    """Drop one schema with all that stands in it, if it is there."""
    await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


async def checkpoint_of(connection: Connection, schema: str, *, lock: bool = False) -> int | None:
    """What a schema stands for, None where there is none; with `lock`, its projector waits for the end of this
    transaction before it applies anything more.
    """
    query = sql.SQL("SELECT sequence FROM {}.checkpoint").format(sql.Identifier(schema))
    try:
        found = await connection.execute(query + sql.SQL(" FOR UPDATE") if lock else query)
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return None
    row = await found.fetchone()
    return int(row["sequence"]) if row else 0


async def _schemas(connection: Connection, model: ReadModel) -> list[str]:
    purposes = "|".join(f"_{purpose}" for purpose in PURPOSES)
    found = await connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname ~ %s", [f"^{re.escape(model.name)}({purposes})?_v[0-9]+$"]
    )
    return [row["nspname"] for row in await found.fetchall()]


async def _status(connection: Connection, model: ReadModel, schema: str, newest: int) -> SchemaStatus:
    name, _, version = schema.rpartition("_v")
    checkpoint = await checkpoint_of(connection, schema) or 0
    return SchemaStatus(
        schema=schema,
        version=int(version),
        state=_state(model, name, int(version)),
        checkpoint=checkpoint,
        behind=max(0, newest - checkpoint),
        used=await _is_used(connection, schema),
    )


def _state(model: ReadModel, name: str, version: int) -> State:
    for purpose in PURPOSES:
        if name == f"{model.name}_{purpose}":
            return purpose
    if version == model.version:
        return "live"
    return "old" if version < model.version else "newer"


async def _is_used(connection: Connection, schema: str) -> bool:
    key = [in_use(schema)]
    free = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS free", key)
    row = await free.fetchone()
    if row is None or not row["free"]:
        return True
    await connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)
    return False
