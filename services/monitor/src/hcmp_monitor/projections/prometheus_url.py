"""Which Prometheus the operators want to be asked."""

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.settings import SettingsChanged
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded

SETTING = "prometheus_url"


class PrometheusUrl(OneByOne):
    """One row, as soon as the setting was changed once."""

    tables = """
        CREATE TABLE IF NOT EXISTS prometheus_url (single boolean PRIMARY KEY CHECK (single), url text NOT NULL);
    """
    subjects = ("hcmp.settings.*.*",)

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        if not isinstance(recorded.event, SettingsChanged):
            return
        for change in recorded.event.changes:
            if change.name == SETTING:
                await cursor.execute(
                    "INSERT INTO prometheus_url VALUES (true, %s)"
                    " ON CONFLICT (single) DO UPDATE SET url = excluded.url",
                    [str(change.after or "")],
                )


async def prometheus_url(pool: Pool) -> str | None:
    """The URL from the settings, None when there is none."""
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT url FROM prometheus_url")).fetchone()
    return row["url"] or None if row else None
