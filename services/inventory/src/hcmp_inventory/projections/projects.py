"""Whose projects hold machines, by the names that people know, and what a reset has ended of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectDeleted, ProjectRequested
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded


class ProjectsProjection(OneByOne):
    # Requests move the checkpoint: once it has passed one, the pool stands for all that came before it.
    subjects: Sequence[str] = (
        "hcmp.project.*.requested",
        "hcmp.project.*.admitted",
        "hcmp.project.*.retry-requested",
        "hcmp.project.*.deleted",
        # Changes nothing here, but the reset waits until all that came before it is known.
        "hcmp.system.*.factory-reset-requested",
    )
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS project (
            project_id text PRIMARY KEY,
            owner_username text NOT NULL,
            requested bigint NOT NULL,
            deleted bigint
        );
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if isinstance(event, ProjectRequested):
            await cursor.execute(
                "INSERT INTO project VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [recorded.aggregate_id, event.owner_username, recorded.sequence],
            )
        elif isinstance(event, ProjectDeleted):
            await cursor.execute(
                "UPDATE project SET deleted = %s WHERE project_id = %s",
                [recorded.sequence, recorded.aggregate_id],
            )


@dataclass(frozen=True, slots=True)
class Ended:
    """What has become of the projects that had been requested before some place of the log."""

    deleted: int
    left: int


async def ended_since(pool: Pool, sequence: int) -> Ended:
    statement = (
        "SELECT count(*) FILTER (WHERE deleted > %(at)s) AS deleted, "
        "count(*) FILTER (WHERE deleted IS NULL) AS left FROM project WHERE requested < %(at)s"
    )
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Ended)) as cursor:
        await cursor.execute(statement, {"at": sequence})
        return await cursor.fetchone() or Ended(deleted=0, left=0)
