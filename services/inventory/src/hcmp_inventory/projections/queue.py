"""Which requests wait for machines, and whose turn is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg import AsyncConnection
from psycopg.rows import DictRow, class_row
from psycopg.types.json import Jsonb

from hcmp_contracts.allocation import AllocationDenied, AllocationGranted, AllocationQueued, AllocationReleased
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded
from hcmp_inventory.domain.placing import Wanted


class QueueProjection(OneByOne):
    subjects: Sequence[str] = ("hcmp.allocation.*.*",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS queue (
            project_id text PRIMARY KEY,
            owner_id text NOT NULL,
            attempt integer NOT NULL,
            roles jsonb NOT NULL,
            labels jsonb NOT NULL,
            since bigint NOT NULL,
            queued_at timestamptz NOT NULL
        );
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case AllocationQueued() as event:
                # Queued again with other figures, it keeps its place.
                await cursor.execute(
                    "INSERT INTO queue VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    [
                        recorded.aggregate_id,
                        event.owner_id,
                        event.attempt,
                        Jsonb(event.roles),
                        Jsonb(event.labels),
                        recorded.sequence,
                        recorded.envelope.time,
                    ],
                )
            case AllocationGranted() | AllocationDenied() | AllocationReleased():
                await cursor.execute(
                    "DELETE FROM queue WHERE project_id = %s AND since < %s",
                    [recorded.aggregate_id, recorded.sequence],
                )
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits: one machine a role is needed, with the labels that `labels` names for it."""

    project_id: str
    owner_id: str
    attempt: int
    roles: list[str]
    labels: dict[str, dict[str, str]]

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        return tuple(Wanted(role, self.labels.get(role, {})) for role in self.roles)


@dataclass(frozen=True, slots=True)
class Length:
    """How many requests wait, and since when the oldest does."""

    requests: int
    since: datetime | None


async def length(connection: AsyncConnection[DictRow]) -> Length:
    async with connection.cursor(row_factory=class_row(Length)) as cursor:
        await cursor.execute("SELECT count(*) AS requests, min(queued_at) AS since FROM queue")
        return await cursor.fetchone() or Length(0, None)


async def awaited(pool: Pool) -> list[Wanted]:
    """Every machine that a request in the queue needs, whether the pool has so many or not."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute("SELECT project_id, owner_id, attempt, roles, labels FROM queue ORDER BY since")
        return [wanted for waiting in await cursor.fetchall() for wanted in waiting.wanted]


async def waiting(pool: Pool) -> list[Waiting]:
    """Whose owner holds the fewest machines first, then the oldest. A request for more machines than the pool has
    at all, or has with the labels of one of its roles, is left out: it would hold up everyone behind it.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """
            WITH live AS (
                SELECT labels FROM vm WHERE status NOT IN ('retired', 'quarantined', 'maintenance')
            )
            SELECT queue.project_id, queue.owner_id, queue.attempt, queue.roles, queue.labels
            FROM queue LEFT JOIN (
                SELECT owner_id, count(*) AS machines FROM vm WHERE owner_id IS NOT NULL GROUP BY owner_id
            ) AS held ON held.owner_id = queue.owner_id
            WHERE jsonb_array_length(roles) <= (SELECT count(*) FROM live) AND NOT EXISTS (
                SELECT FROM jsonb_each(queue.labels) AS needed (role, labels)
                WHERE (SELECT count(*) FROM jsonb_array_elements_text(roles) AS name WHERE name = needed.role)
                    > (SELECT count(*) FROM live WHERE live.labels @> needed.labels)
            )
            ORDER BY coalesce(held.machines, 0), since
            """
        )
        return await cursor.fetchall()
