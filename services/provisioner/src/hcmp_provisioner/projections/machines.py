"""Which machines each attempt of a project got and when it had them, or how many it lacks or lacked."""

from collections.abc import Sequence
from typing import LiteralString

from hcmp_contracts.allocation import (
    AllocationDenied,
    AllocationGranted,
    AllocationQueued,
    AllocationReleased,
)
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import MachineLost
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.recorded import Recorded


class Machines(OneByOne):
    subjects: Sequence[str] = ("hcmp.allocation.>", "hcmp.project.>")
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS machine (
            project_id text NOT NULL,
            attempt int NOT NULL,
            position int NOT NULL,
            since bigint NOT NULL,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            vm_id text NOT NULL,
            name text NOT NULL,
            address text NOT NULL,
            role text NOT NULL,
            lost_at timestamptz,
            lost_reason text,
            PRIMARY KEY (project_id, attempt, position)
        );
        CREATE TABLE IF NOT EXISTS denial (
            project_id text NOT NULL,
            attempt int NOT NULL,
            needed int NOT NULL,
            available int NOT NULL,
            PRIMARY KEY (project_id, attempt)
        );
        CREATE TABLE IF NOT EXISTS shortage (
            project_id text PRIMARY KEY,
            attempt int NOT NULL,
            needed int NOT NULL,
            available int NOT NULL
        );
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case AllocationGranted() as granted:
                await _grant(cursor, recorded, granted)
            case AllocationDenied(attempt=attempt, needed=needed, available=available):
                await cursor.execute(
                    "INSERT INTO denial VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    [recorded.aggregate_id, attempt, needed, available],
                )
            case AllocationQueued(attempt=attempt, needed=needed, available=available):
                await cursor.execute(
                    """
                    INSERT INTO shortage VALUES (%s, %s, %s, %s) ON CONFLICT (project_id) DO UPDATE
                    SET attempt = excluded.attempt, needed = excluded.needed, available = excluded.available
                    """,
                    [recorded.aggregate_id, attempt, needed, available],
                )
            case AllocationReleased():
                await cursor.execute(
                    """
                    UPDATE machine SET valid_to = GREATEST(valid_from, %s)
                    WHERE project_id = %s AND valid_to IS NULL AND since < %s
                    """,
                    [recorded.envelope.time, recorded.aggregate_id, recorded.sequence],
                )
            case MachineLost(vm_id=vm_id, reason=reason):
                await cursor.execute(
                    """
                    UPDATE machine SET lost_at = %s, lost_reason = %s
                    WHERE project_id = %s AND vm_id = %s AND valid_to IS NULL AND since < %s AND lost_at IS NULL
                    """,
                    [recorded.envelope.time, reason, recorded.aggregate_id, vm_id, recorded.sequence],
                )
            case _:
                pass


async def _grant(cursor: Cursor, recorded: Recorded[DomainEvent], granted: AllocationGranted) -> None:
    # Machines that a retry keeps were not given back in between.
    await cursor.execute(
        """
        UPDATE machine SET valid_to = GREATEST(valid_from, %s)
        WHERE project_id = %s AND valid_to IS NULL AND since < %s
        """,
        [recorded.envelope.time, recorded.aggregate_id, recorded.sequence],
    )
    for position, machine in enumerate(granted.machines):
        await cursor.execute(
            """
            INSERT INTO machine VALUES (%s, %s, %s, %s, %s, NULL, %s, %s, %s, %s) ON CONFLICT DO NOTHING
            """,
            [
                recorded.aggregate_id,
                granted.attempt,
                position,
                recorded.sequence,
                recorded.envelope.time,
                machine.vm_id,
                machine.name,
                machine.address,
                machine.role,
            ],
        )
