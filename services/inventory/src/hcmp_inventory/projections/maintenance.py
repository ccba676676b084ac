"""Whether the platform is under maintenance, and what people are told then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.settings import MaintenanceDisabled, MaintenanceEnabled
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Maintenance:
    enabled: bool
    message: str


class MaintenanceProjection(OneByOne):
    subjects: Sequence[str] = ("hcmp.settings.*.*",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS maintenance (enabled boolean NOT NULL, message text NOT NULL);
        INSERT INTO maintenance SELECT false, '' WHERE NOT EXISTS (SELECT FROM maintenance);
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if isinstance(event, MaintenanceEnabled):
            await cursor.execute("UPDATE maintenance SET enabled = true, message = %s", [event.message])
        elif isinstance(event, MaintenanceDisabled):
            await cursor.execute("UPDATE maintenance SET enabled = false, message = ''")


async def maintenance(pool: Pool) -> Maintenance:
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Maintenance)) as cursor:
        await cursor.execute("SELECT enabled, message FROM maintenance")
        return await cursor.fetchone() or Maintenance(enabled=False, message="")
