"""What every project is now and was at any time: what was asked for, and periods of one status each."""

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from hcmp_contracts.allocation import AllocationGranted
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    HoldEnded,
    LeaseExtended,
    ProjectAdmitted,
    ProjectApproved,
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProjectRejected,
    ProjectRequested,
    ProvisioningFailed,
    ProvisioningStarted,
    RetryRequested,
    TeardownStarted,
)
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.recorded import Recorded

CHANGING = (
    "status",
    "attempt",
    "lease_expires_at",
    "failure",
    "log_sequence",
    "gate",
    "worker",
    "held_until",
)
TURN = sql.SQL("""
    WITH ended AS (
        UPDATE period SET valid_to = GREATEST(valid_from, %(time_)s)
        WHERE project_id = %(project_)s AND valid_to IS NULL AND since < %(sequence_)s
            AND (%(was_)s::text IS NULL OR status = %(was_)s)
            AND (%(attempt_)s::int IS NULL OR attempt = %(attempt_)s)
        RETURNING *
    )
    INSERT INTO period
    SELECT project_id, %(sequence_)s, valid_to, NULL, {columns} FROM ended
    ON CONFLICT DO NOTHING
""")


class Projects(OneByOne):
    """`project` holds what never changes, `period` what does: each row is valid from one change to the next.

    `gate` is what a request is held back by: `approval`, or `admission` (maintenance or quota).
    """

    subjects: Sequence[str] = ("hcmp.project.>", "hcmp.allocation.>")
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS project (
            id text PRIMARY KEY,
            sequence bigint NOT NULL,
            name text NOT NULL,
            owner_id text NOT NULL,
            owner_username text NOT NULL,
            template text NOT NULL,
            packages jsonb NOT NULL,
            steps jsonb NOT NULL,
            machines int NOT NULL,
            created_at timestamptz NOT NULL,
            dry_run bool NOT NULL
        );
        CREATE INDEX IF NOT EXISTS project_of_template ON project (template, dry_run, sequence DESC);
        CREATE INDEX IF NOT EXISTS project_newest ON project (sequence DESC);
        CREATE INDEX IF NOT EXISTS project_of_owner ON project (owner_id, sequence DESC);
        CREATE TABLE IF NOT EXISTS period (
            project_id text NOT NULL,
            since bigint NOT NULL,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            status text NOT NULL,
            attempt int NOT NULL,
            lease_expires_at timestamptz,
            failure jsonb,
            log_sequence bigint,
            gate text,
            worker text,
            held_until timestamptz,
            PRIMARY KEY (project_id, since)
        );
        CREATE INDEX IF NOT EXISTS period_held_back ON period (gate) WHERE valid_to IS NULL AND gate IS NOT NULL;
        CREATE UNIQUE INDEX IF NOT EXISTS period_now ON period (project_id) WHERE valid_to IS NULL;
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case ProjectRequested() as event:
                await _begin(cursor, recorded, event)
            case AllocationGranted(attempt=attempt):
                await _turn(cursor, recorded, {"status": "configuring"}, was="requested", attempt=attempt)
            case event:
                if changes := _changes(event):
                    await _turn(cursor, recorded, changes)


async def _begin(cursor: Cursor, recorded: Recorded[DomainEvent], event: ProjectRequested) -> None:
    await cursor.execute(
        "INSERT INTO project VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            recorded.aggregate_id,
            recorded.sequence,
            event.name,
            event.owner_id,
            event.owner_username,
            event.template,
            Jsonb(event.packages),
            Jsonb([step.model_dump() for step in event.steps]),
            sum(role.count for role in event.roles),
            recorded.envelope.time,
            event.dry_run,
        ],
    )
    gate = ("approval" if event.needs_approval else "admission") if event.held_back else None
    await cursor.execute(
        "INSERT INTO period VALUES (%s, %s, %s, NULL, 'requested', 1, %s, NULL, NULL, %s) ON CONFLICT DO NOTHING",
        [recorded.aggregate_id, recorded.sequence, recorded.envelope.time, event.lease_expires_at, gate],
    )


def _changes(event: DomainEvent) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one line a fact
    """What a fact changes about its project, by column; nothing for facts that concern only its steps."""
    match event:
        case ProjectApproved():
            return {"gate": "admission"}
        case ProjectAdmitted():
            return {"gate": None}
        case ProvisioningStarted(worker=worker):
            return {"status": "configuring", "worker": worker}
        case ProjectProvisioned(log_sequence=log_sequence):
            return {"status": "completed", "log_sequence": log_sequence}
        case ProvisioningFailed(log_sequence=log_sequence, held_until=held_until):
            failure = event.model_dump(include={"reason", "detail", "step", "failures"})
            return {
                "status": "failed",
                "log_sequence": log_sequence,
                "failure": Jsonb(failure),
                "held_until": held_until,
            }
        case HoldEnded():
            return {"held_until": None}
        case ProjectCancelled(log_sequence=log_sequence):
            return {"status": "cancelled", "log_sequence": log_sequence, "gate": None}
        case ProjectRejected(reason=reason, detail=detail):
            failure = {"reason": reason, "detail": detail, "step": None, "failures": []}
            # A retry that found no machines leaves the project failed, as it was before.
            first = sql.SQL("CASE WHEN attempt = 1 THEN 'rejected' ELSE 'failed' END")
            return {"status": first, "failure": Jsonb(failure), "gate": None}
        case RetryRequested(attempt=attempt):
            return {
                "status": "requested",
                "attempt": attempt,
                "failure": None,
                "log_sequence": None,
                "worker": None,
                "held_until": None,
            }
        case LeaseExtended(after=after):
            return {"lease_expires_at": after}
        case TeardownStarted():
            return {"status": "deleting", "held_until": None}
        case ProjectDeleted():
            return {"status": "deleted", "gate": None, "held_until": None}
        case _:
            return {}


async def _turn(
    cursor: Cursor,
    recorded: Recorded[DomainEvent],
    changes: dict[str, Any],
    *,
    was: str | None = None,
    attempt: int | None = None,
) -> None:
    """End the project's current period and begin one with these changes; with `was` and `attempt`, only
    when it has that status in that attempt. The same event again finds its own period and does nothing.
    """
    columns = [
        value
        if isinstance(value := changes.get(column, sql.Identifier(column)), sql.Composable)
        else sql.Placeholder(column)
        for column in CHANGING
    ]
    statement = TURN.format(columns=sql.SQL(", ").join(columns))
    values = {name: value for name, value in changes.items() if not isinstance(value, sql.Composable)}
    await cursor.execute(
        statement,
        values
        | {
            "time_": recorded.envelope.time,
            "project_": recorded.aggregate_id,
            "sequence_": recorded.sequence,
            "was_": was,
            "attempt_": attempt,
        },
    )
