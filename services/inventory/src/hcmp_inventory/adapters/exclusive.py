"""One at a time in all processes of the service: an advisory lock of PostgreSQL, gone with its connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection


class AdvisoryLocks:
    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        async with await AsyncConnection.connect(self._database_url, autocommit=True) as connection:
            await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"inventory/{name}"])
            yield
