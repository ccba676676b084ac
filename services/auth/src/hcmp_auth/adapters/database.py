"""The schema `auth`: what must not stand in the log and cannot be rebuilt from it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from hcmp_eventstore.projector import Pool

_MIGRATIONS = Path(__file__).parent / "migrations"
# Expired rows, table by table; the rows that depend on a session go with it.
_EXPIRED = (
    "DELETE FROM sessions WHERE expires_at < %s",
    "DELETE FROM refresh_tokens WHERE expires_at < %s",
    "DELETE FROM tickets WHERE expires_at < %s",
    "DELETE FROM attempts WHERE window_ends_at < %s",
)


def migrate(database_url: str) -> None:
    """Bring the schema to its newest form. Copies that start together wait for each other."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database_url), poolclass=NullPool
    )
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('hcmp auth migrations', 0))"))
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS auth"))
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@asynccontextmanager
async def open_database(database_url: str) -> AsyncIterator[Pool]:
    """Migrate, and open connections whose search path is the schema `auth`."""
    await asyncio.to_thread(migrate, database_url)
    pool: Pool = AsyncConnectionPool(
        database_url,
        connection_class=AsyncConnection[DictRow],
        kwargs={"autocommit": True, "row_factory": dict_row, "options": "-c search_path=auth"},
        min_size=1,
        max_size=8,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close(timeout=3)


async def sweep(pool: Pool, now: datetime) -> None:
    """Delete what has expired."""
    async with pool.connection() as connection:
        for statement in _EXPIRED:
            await connection.execute(statement, [now])
