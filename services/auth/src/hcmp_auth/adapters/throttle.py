"""How often a name or an address may try: counted in PostgreSQL, so that all copies count together.

A row lives for one window and the sweeper deletes it afterwards. An address that is blocked adds no rows
for the names it goes on trying, so that the table stays small and nobody's name is blocked by it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hcmp_auth.handlers.errors import TooManyAttemptsError
from hcmp_eventstore.projector import Pool

WINDOW = timedelta(minutes=5)
# What a key begins with, and how often it may come in one window.
LIMITS = {"account": 10, "address": 60, "registration": 100}


@dataclass(frozen=True)
class StoredThrottle:
    pool: Pool
    limits: Mapping[str, int] = field(default_factory=lambda: LIMITS)

    async def take(self, keys: Sequence[str], now: datetime) -> None:
        for key in keys:
            wait = await self._count(key, now)
            if wait > timedelta(0):
                raise TooManyAttemptsError(retry_after=math.ceil(wait.total_seconds()))

    async def forgive(self, keys: Sequence[str]) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                "UPDATE attempts SET count = greatest(count - 1, 0) WHERE key = ANY(%s)", [list(keys)]
            )

    async def _count(self, key: str, now: datetime) -> timedelta:
        """Count an attempt; how long its key is blocked."""
        limit = self.limits[key.partition(":")[0]]
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                """
                INSERT INTO attempts AS a (key, count, window_ends_at) VALUES (%(key)s, 1, %(ends)s)
                ON CONFLICT (key) DO UPDATE SET
                    count = CASE WHEN a.window_ends_at <= %(now)s THEN 1 ELSE least(a.count, %(limit)s) + 1 END,
                    window_ends_at = CASE WHEN a.window_ends_at <= %(now)s THEN %(ends)s ELSE a.window_ends_at END
                RETURNING count, window_ends_at
                """,
                {"key": key, "now": now, "ends": now + WINDOW, "limit": limit},
            )
            row = await cursor.fetchone()
        return row["window_ends_at"] - now if row and row["count"] > limit else timedelta(0)
