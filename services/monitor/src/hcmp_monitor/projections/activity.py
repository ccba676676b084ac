"""Who did what, when, and who may know it.

Beside the feed stands what is known of each thing that an event can be about: its name, what it belongs to,
and its audience (the account that may see its events; operators see all). A row of the feed keeps what was
true when it happened.
"""

from typing import Any

from psycopg.types.json import Jsonb

from hcmp_contracts.account import AccountRegistered
from hcmp_contracts.catalogue import AGGREGATES
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectRequested
from hcmp_contracts.session import SessionEnded
from hcmp_contracts.ssh_certificate import SshCertificateIssued
from hcmp_contracts.terminal_session import TerminalSessionOpened
from hcmp_contracts.vm import VmQuarantined, VmRecycleStarted, VmRegistered, VmReleased, VmReserved, VmRetired
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.recorded import Recorded
from hcmp_monitor.domain.activity import actor_of, kind_of, summary_of

# From here on a machine's events are no longer its former holder's business.
FREEING = (VmReleased, VmRecycleStarted, VmQuarantined, VmRetired)

_ADD = """
    INSERT INTO activity (
        sequence, id, time, aggregate, kind, summary, correlation_id,
        actor_kind, actor_id, actor_name, project_id, project_name, vm_id, vm_name,
        account_id, account_name, audience
    )
    SELECT
        %(sequence)s, %(id)s, %(time)s, %(aggregate)s, %(kind)s, %(summary)s, %(correlation_id)s,
        %(actor_kind)s, %(actor_id)s, coalesce(actor.name, %(actor_id)s),
        subject.project_id, project.name, subject.vm_id, vm.name,
        subject.account_id, account.name, subject.audience
    FROM (SELECT) AS happened
    LEFT JOIN known AS subject ON subject.id = %(aggregate_id)s
    LEFT JOIN known AS project ON project.id = subject.project_id
    LEFT JOIN known AS vm ON vm.id = subject.vm_id
    LEFT JOIN known AS account ON account.id = subject.account_id
    LEFT JOIN known AS actor ON actor.id = %(actor_id)s
    ON CONFLICT (sequence) DO NOTHING
"""


class Activity(OneByOne):
    """A row an event of the log, whatever it is about."""

    tables = """
        CREATE TABLE IF NOT EXISTS known (
            id text PRIMARY KEY,
            name text,
            project_id text,
            vm_id text,
            account_id text,
            audience text
        );
        CREATE TABLE IF NOT EXISTS activity (
            sequence bigint PRIMARY KEY,
            id text NOT NULL,
            time timestamptz NOT NULL,
            aggregate text NOT NULL,
            kind text NOT NULL,
            summary jsonb NOT NULL,
            correlation_id text NOT NULL,
            actor_kind text NOT NULL,
            actor_id text NOT NULL,
            actor_name text NOT NULL,
            project_id text,
            project_name text,
            vm_id text,
            vm_name text,
            account_id text,
            account_name text,
            audience text
        );
        CREATE INDEX IF NOT EXISTS activity_by_audience ON activity (audience, sequence);
        CREATE INDEX IF NOT EXISTS activity_by_project ON activity (project_id, sequence);
        CREATE INDEX IF NOT EXISTS activity_by_vm ON activity (vm_id, sequence);
        CREATE INDEX IF NOT EXISTS activity_by_actor ON activity (actor_id, sequence);
        CREATE INDEX IF NOT EXISTS activity_by_actor_name ON activity (actor_name, sequence);
        CREATE INDEX IF NOT EXISTS activity_by_kind ON activity (kind, sequence);
        CREATE INDEX IF NOT EXISTS activity_by_aggregate ON activity (aggregate, sequence);
    """
    # What counts against a quota follows from what is told of the project already.
    subjects = tuple(f"hcmp.{aggregate}.*.*" for aggregate in AGGREGATES if aggregate != "quota")

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        await self._learn(cursor, recorded.aggregate_id, recorded.event)
        actor = actor_of(recorded.envelope.actor)
        await cursor.execute(
            _ADD,
            {
                "sequence": recorded.sequence,
                "id": recorded.envelope.id,
                "time": recorded.envelope.time,
                "aggregate": recorded.aggregate,
                "aggregate_id": recorded.aggregate_id,
                "kind": kind_of(recorded.event),
                "summary": Jsonb(summary_of(recorded.event)),
                "correlation_id": recorded.envelope.correlationid,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
            },
        )
        if isinstance(recorded.event, FREEING):
            await self._know(cursor, recorded.aggregate_id, project_id=None, audience=None)

    async def _learn(self, cursor: Cursor, subject: str, event: DomainEvent) -> None:
        """Take in what the event says about its subject, before it is told."""
        match event:
            case AccountRegistered(username=name):
                await self._know(cursor, subject, name=name, account_id=subject, audience=subject)
            case SessionEnded(account_id=account_id):
                await self._know(cursor, subject, account_id=account_id, audience=account_id)
            case ProjectRequested(name=name, owner_id=owner):
                await self._know(cursor, subject, name=name, project_id=subject, audience=owner)
            case VmRegistered(name=name):
                await self._know(cursor, subject, name=name, vm_id=subject, project_id=None, audience=None)
            case VmReserved(project_id=project, owner_id=owner):
                await self._know(cursor, subject, project_id=project, audience=owner)
            case TerminalSessionOpened():
                await self._know_entrance(cursor, subject, event.project_id, event.vm_id, event.account_id)
            case SshCertificateIssued():
                vm_id = event.vm_ids[0] if len(event.vm_ids) == 1 else None
                await self._know_entrance(cursor, subject, event.project_id, vm_id, event.account_id)
            case _:
                pass

    async def _know(self, cursor: Cursor, subject: str, **facts: Any) -> None:
        """Set these facts of one thing; the names are columns, written out in this file only."""
        columns = ", ".join(facts)
        values = ", ".join(f"%({name})s" for name in facts)
        changes = ", ".join(f"{name} = excluded.{name}" for name in facts)
        await cursor.execute(
            f"INSERT INTO known (id, {columns}) VALUES (%(id)s, {values})"  # noqa: S608
            f" ON CONFLICT (id) DO UPDATE SET {changes}",
            {"id": subject, **facts},
        )

    async def _know_entrance(
        self, cursor: Cursor, subject: str, project_id: str | None, vm_id: str | None, account_id: str | None
    ) -> None:
        """A way into a machine is the business of the project that holds it, otherwise of who opened it."""
        await cursor.execute(
            "INSERT INTO known (id, project_id, vm_id, account_id, audience) VALUES (%s, %s, %s, %s,"
            " coalesce((SELECT audience FROM known WHERE id = %s), %s)) ON CONFLICT (id) DO NOTHING",
            [subject, project_id, vm_id, account_id, project_id, account_id],
        )
