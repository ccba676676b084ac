"""Whose projects hold machines, by the names that people know, and how many a reset has ended."""

from collections.abc import Sequence
from typing import LiteralString

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectDeleted, ProjectRequested
from hcmp_eventstore.projector import Cursor, Pool
from hcmp_eventstore.recorded import Recorded


class ProjectsProjection:
    # Requests move the checkpoint: once it has passed one, the pool stands for all that came before it.
    subjects: Sequence[str] = (
        "hcmp.project.*.requested",
        "hcmp.project.*.retry-requested",
        "hcmp.project.*.deleted",
    )
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS project (
            project_id text PRIMARY KEY,
            owner_username text NOT NULL,
            deleted bigint
        );
    """

    async def apply(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if isinstance(event, ProjectRequested):
            await cursor.execute(
                "INSERT INTO project VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [recorded.aggregate_id, event.owner_username],
            )
        elif isinstance(event, ProjectDeleted):
            await cursor.execute(
                "UPDATE project SET deleted = %s WHERE project_id = %s",
                [recorded.sequence, recorded.aggregate_id],
            )


async def deleted_since(pool: Pool, sequence: int) -> int:
    """How many projects were deleted behind this place of the log."""
    async with pool.connection() as connection:
        counted = await connection.execute("SELECT count(*) AS n FROM project WHERE deleted > %s", [sequence])
        row = await counted.fetchone()
    return int(row["n"]) if row else 0
