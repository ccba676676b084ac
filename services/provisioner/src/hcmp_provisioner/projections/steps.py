"""When each step of each attempt began and ended; its times are its validity."""

from collections.abc import Sequence
from typing import LiteralString

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    ProjectCancelled,
    ProjectDeleted,
    ProvisioningFailed,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from hcmp_eventstore.projector import Cursor
from hcmp_eventstore.recorded import Recorded


class Steps:
    subjects: Sequence[str] = ("hcmp.project.>",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS step (
            project_id text NOT NULL,
            attempt int NOT NULL,
            number int NOT NULL,
            status text NOT NULL,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            PRIMARY KEY (project_id, attempt, number)
        );
    """

    async def apply(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case StepStarted(attempt=attempt, number=number):
                # A step that a second worker starts again began when the first one started it.
                await cursor.execute(
                    "INSERT INTO step VALUES (%s, %s, %s, 'running', %s) ON CONFLICT DO NOTHING",
                    [recorded.aggregate_id, attempt, number, recorded.envelope.time],
                )
            case StepSucceeded(attempt=attempt, number=number):
                await _end_one(cursor, recorded, attempt, number, "succeeded")
            case StepFailed(attempt=attempt, number=number):
                await _end_one(cursor, recorded, attempt, number, "failed")
            case ProvisioningFailed():
                await _end_running(cursor, recorded, "failed")
            case ProjectCancelled() | ProjectDeleted():
                await _end_running(cursor, recorded, "cancelled")
            case _:
                pass


async def _end_one(
    cursor: Cursor, recorded: Recorded[DomainEvent], attempt: int, number: int, status: str
) -> None:
    await cursor.execute(
        "UPDATE step SET status = %s, finished_at = %s WHERE project_id = %s AND attempt = %s AND number = %s",
        [status, recorded.envelope.time, recorded.aggregate_id, attempt, number],
    )


async def _end_running(cursor: Cursor, recorded: Recorded[DomainEvent], status: str) -> None:
    await cursor.execute(
        "UPDATE step SET status = %s, finished_at = %s WHERE project_id = %s AND status = 'running'",
        [status, recorded.envelope.time, recorded.aggregate_id],
    )
