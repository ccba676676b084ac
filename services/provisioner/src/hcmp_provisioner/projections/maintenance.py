"""Whether the operator has put the platform into maintenance, and with which message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.settings import MaintenanceDisabled, MaintenanceEnabled
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded


class Maintenance(OneByOne):
    # The platform's resets change nothing here, but their sequence is waited for (see reactors.py).
    subjects: Sequence[str] = ("hcmp.settings.>", "hcmp.system.>")
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS maintenance (
            only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
            enabled bool NOT NULL,
            message text NOT NULL
        );
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case MaintenanceEnabled(message=message):
                await _put(cursor, enabled=True, message=message)
            case MaintenanceDisabled():
                await _put(cursor, enabled=False, message="")
            case _:
                pass


async def _put(cursor: Cursor, *, enabled: bool, message: str) -> None:
    await cursor.execute(
        """
        INSERT INTO maintenance (enabled, message) VALUES (%s, %s)
        ON CONFLICT (only_row) DO UPDATE SET enabled = excluded.enabled, message = excluded.message
        """,
        [enabled, message],
    )


@dataclass(frozen=True)
class MaintenanceState:
    enabled: bool
    message: str


async def maintenance(pool: Pool) -> MaintenanceState:
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT enabled, message FROM maintenance")).fetchone()
    return MaintenanceState(row["enabled"], row["message"]) if row else MaintenanceState(enabled=False, message="")
