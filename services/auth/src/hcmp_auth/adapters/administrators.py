"""One at a time takes an admin away, so that two cannot take away each other."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hcmp_auth.projections.accounts import list_active_admins
from hcmp_eventstore.projector import Pool


@dataclass(frozen=True)
class TurnTakingAdministrators:
    """The turn is a lock of the database that all copies share; it ends with its connection."""

    database: Pool
    read_model: Pool

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Sequence[str]]:
        async with self.database.connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('hcmp administrators', 0))")
            yield await list_active_admins(self.read_model)
