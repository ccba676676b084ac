"""When each step of each attempt began and ended; its times are its validity."""

from collections.abc import Sequence
from typing import LiteralString

from psycopg.types.json import Jsonb

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    ProjectCancelled,
    ProjectDeleted,
    ProvisioningFailed,
    ProvisioningStarted,
    RetryRequested,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.recorded import Recorded


class Steps(OneByOne):
    subjects: Sequence[str] = ("hcmp.project.>",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS step (
            project_id text NOT NULL,
            attempt int NOT NULL,
            number int NOT NULL,
            status text NOT NULL,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            ran_in int NOT NULL,
            hosts jsonb,
            failures jsonb,
            PRIMARY KEY (project_id, attempt, number)
        );
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case RetryRequested(attempt=attempt, keep_machines=True, lost=[]):
                await _carry_over(cursor, recorded, attempt)
            case ProvisioningStarted(attempt=attempt, first_step=first_step):
                await _forget_carried(cursor, recorded, attempt, first_step)
            case StepStarted(attempt=attempt, number=number):
                # A step that a second worker starts again began when the first one started it.
                await cursor.execute(
                    "INSERT INTO step VALUES (%s, %s, %s, 'running', %s, NULL, %s) ON CONFLICT DO NOTHING",
                    [recorded.aggregate_id, attempt, number, recorded.envelope.time, attempt],
                )
            case StepSucceeded() as event:
                await _end_one(cursor, recorded, event)
            case StepFailed() as event:
                await _end_one(cursor, recorded, event)
            case ProvisioningFailed():
                await _end_running(cursor, recorded, "failed")
            case ProjectCancelled() | ProjectDeleted():
                await _end_running(cursor, recorded, "cancelled")
            case _:
                pass


async def _carry_over(cursor: Cursor, recorded: Recorded[DomainEvent], attempt: int) -> None:
    """On the machines of the attempt before, its finished steps stay done."""
    await cursor.execute(
        """
        INSERT INTO step
        SELECT project_id, %s, number, status, started_at, finished_at, ran_in, hosts, failures FROM step
        WHERE project_id = %s AND attempt = %s AND status = 'succeeded'
        ON CONFLICT DO NOTHING
        """,
        [attempt, recorded.aggregate_id, attempt - 1],
    )


async def _forget_carried(cursor: Cursor, recorded: Recorded[DomainEvent], attempt: int, first_step: int) -> None:
    """The run begins on other machines than was thought."""
    await cursor.execute(
        "DELETE FROM step WHERE project_id = %s AND attempt = %s AND number >= %s AND ran_in < attempt",
        [recorded.aggregate_id, attempt, first_step],
    )


async def _end_one(cursor: Cursor, recorded: Recorded[DomainEvent], event: StepSucceeded | StepFailed) -> None:
    failures = event.failures if isinstance(event, StepFailed) else []
    await cursor.execute(
        """
        UPDATE step SET status = %s, finished_at = %s, hosts = %s, failures = %s
        WHERE project_id = %s AND attempt = %s AND number = %s
        """,
        [
            "failed" if isinstance(event, StepFailed) else "succeeded",
            recorded.envelope.time,
            Jsonb([host.model_dump() for host in event.hosts]),
            Jsonb([failure.model_dump() for failure in failures]),
            recorded.aggregate_id,
            event.attempt,
            event.number,
        ],
    )


async def _end_running(cursor: Cursor, recorded: Recorded[DomainEvent], status: str) -> None:
    await cursor.execute(
        "UPDATE step SET status = %s, finished_at = %s WHERE project_id = %s AND status = 'running'",
        [status, recorded.envelope.time, recorded.aggregate_id],
    )
