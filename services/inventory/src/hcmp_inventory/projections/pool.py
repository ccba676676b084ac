"""Which machines are there, in which state, and whose: now and at any time in the past."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, LiteralString

from psycopg import sql

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import (
    VmAssigned,
    VmCredentialReencrypted,
    VmDrifted,
    VmHostKeyChanged,
    VmLabelsChanged,
    VmMaintenanceEnded,
    VmMaintenanceStarted,
    VmQuarantined,
    VmRecycled,
    VmRecycleStarted,
    VmRegistered,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_eventstore.projector import Cursor
from hcmp_eventstore.recorded import Recorded

FREE: dict[str, Any] = {"project_id": None, "owner_id": None, "role": None, "reason": None, "unreachable": False}


class PoolProjection:
    """`vm` is the present; `vm_history` holds for each machine the intervals in which it was how. `drift` has, by
    what is not as recorded, how that is recorded, how it was found, and when.
    """

    subjects: Sequence[str] = ("hcmp.vm.*.*",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS vm (
            vm_id text PRIMARY KEY,
            name text NOT NULL,
            address text NOT NULL,
            status text NOT NULL,
            provider text NOT NULL,
            provider_ref text NOT NULL,
            placement text NOT NULL,
            ssh_host text NOT NULL,
            ssh_port integer NOT NULL,
            ssh_user text NOT NULL,
            exporter_host text NOT NULL,
            exporter_port integer NOT NULL,
            host_key text NOT NULL,
            credential text,
            ssh_certificates boolean NOT NULL,
            labels jsonb NOT NULL,
            request_id text NOT NULL,
            request_digest text NOT NULL,
            project_id text,
            owner_id text,
            role text,
            reason text,
            unreachable boolean NOT NULL,
            drift jsonb NOT NULL,
            registered_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            version bigint NOT NULL
        );
        CREATE INDEX IF NOT EXISTS vm_by_name ON vm (name);
        CREATE INDEX IF NOT EXISTS vm_by_status ON vm (status, name);
        CREATE INDEX IF NOT EXISTS vm_free ON vm (placement, vm_id) WHERE status = 'available';
        CREATE INDEX IF NOT EXISTS vm_by_request ON vm (request_id) WHERE request_id <> '';
        CREATE TABLE IF NOT EXISTS vm_history (
            vm_id text NOT NULL,
            version bigint NOT NULL,
            name text NOT NULL,
            address text NOT NULL,
            status text NOT NULL,
            provider text NOT NULL,
            labels jsonb NOT NULL,
            project_id text,
            owner_id text,
            role text,
            reason text,
            drift jsonb NOT NULL,
            valid_from timestamptz NOT NULL,
            valid_to timestamptz,
            PRIMARY KEY (vm_id, version)
        );
        CREATE INDEX IF NOT EXISTS vm_history_present ON vm_history (vm_id) WHERE valid_to IS NULL;
        CREATE INDEX IF NOT EXISTS vm_history_by_time ON vm_history (valid_from, valid_to);
    """

    async def apply(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        place = {
            "vm_id": recorded.aggregate_id,
            "version": recorded.sequence,
            "changed_at": recorded.envelope.time,
        }
        if isinstance(event, VmRegistered):
            row = place | _registration(event) | {"registered_at": recorded.envelope.time}
            await cursor.execute(_put(tuple(row)), row)
        elif isinstance(event, VmHostKeyChanged):
            await cursor.execute(_DRIFTED, place | {"what": "host-key", "after": event.presented})
        elif isinstance(event, VmDrifted):
            await cursor.execute(_DRIFTED, place | {"what": event.what, "after": event.after})
        elif changed := _changes(event):
            row = place | changed
            await cursor.execute(_update(tuple(row)), row)


def _registration(event: VmRegistered) -> dict[str, Any]:
    facts = event.model_dump(exclude={"labels", "baseline"})
    return facts | FREE | {"status": "available", "labels": json.dumps(event.labels), "drift": "{}"}


def _changes(event: DomainEvent) -> dict[str, Any]:  # noqa: C901, PLR0911 - one line an event
    """The columns that an event changes; none for events of other aggregates and for what shows nothing."""
    match event:
        case VmReserved():
            return {"status": "provisioning", **event.model_dump()}
        case VmAssigned():
            return {"status": "assigned"}
        case VmReleased() | VmRecycleStarted():
            return FREE | {"status": "recycling"}
        case VmRecycled():
            return FREE | {"status": "available", "drift": "{}", **event.model_dump(exclude={"baseline"})}
        case VmQuarantined():
            return FREE | {"status": "quarantined", **event.model_dump()}
        case VmMaintenanceStarted():
            return {"status": "maintenance", "reason": event.reason}
        case VmMaintenanceEnded():
            return {"status": "available", "reason": None}
        case VmRetired():
            return FREE | {"status": "retired", "reason": event.reason}
        case VmLabelsChanged():
            return {"labels": json.dumps(event.after)}
        case VmCredentialReencrypted():
            return {"credential": event.credential}
        case _:
            return {}


@cache
def _put(columns: tuple[str, ...]) -> bytes:
    """A new machine, or one of a name that was retired; an event that was seen already changes nothing."""
    change = sql.SQL(
        "INSERT INTO vm AS old ({columns}) VALUES ({values}) "
        "ON CONFLICT (vm_id) DO UPDATE SET {changes} WHERE old.version < excluded.version"
    ).format(
        columns=sql.SQL(", ").join(sql.Identifier(name) for name in columns),
        values=sql.SQL(", ").join(sql.Placeholder(name) for name in columns),
        changes=sql.SQL(", ").join(
            sql.SQL("{name} = excluded.{name}").format(name=sql.Identifier(name)) for name in columns
        ),
    )
    return _REMEMBERED.format(change).as_bytes()


@cache
def _update(columns: tuple[str, ...]) -> bytes:
    change = sql.SQL("UPDATE vm SET {changes} WHERE vm_id = %(vm_id)s AND version < %(version)s").format(
        changes=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
        )
    )
    return _REMEMBERED.format(change).as_bytes()


# Changes a machine, ends the interval before this event and begins the next with the machine as it is now: in one
# statement, because a rebuild runs it a million times. An event that was seen already finds nothing to do.
_REMEMBERED = sql.SQL("""
    WITH changed AS ({} RETURNING *), ended AS (
        UPDATE vm_history SET valid_to = %(changed_at)s
        WHERE vm_id = %(vm_id)s AND valid_to IS NULL AND version < %(version)s
    )
    INSERT INTO vm_history (vm_id, version, name, address, status, provider, labels,
                            project_id, owner_id, role, reason, drift, valid_from)
    SELECT vm_id, version, name, address, status, provider, labels,
           project_id, owner_id, role, reason, drift, changed_at
    FROM changed
    ON CONFLICT DO NOTHING
""")

_RECORDED = sql.SQL("""
    CASE %(what)s WHEN 'address' THEN address WHEN 'ssh-endpoint' THEN ssh_host || ':' || ssh_port
    WHEN 'power' THEN 'on' WHEN 'host-key' THEN host_key WHEN 'presence' THEN 'present' END
""")
# What is as it is recorded again is no drift any more.
_DRIFTED = _REMEMBERED.format(
    sql.SQL("""
    UPDATE vm SET version = %(version)s, changed_at = %(changed_at)s, drift = CASE
        WHEN {recorded} = %(after)s THEN drift - %(what)s::text
        ELSE drift || jsonb_build_object(%(what)s::text, jsonb_build_object(
            'before', {recorded}, 'after', %(after)s::text, 'at', %(changed_at)s::timestamptz)) END
    WHERE vm_id = %(vm_id)s AND version < %(version)s
    """).format(recorded=_RECORDED)
).as_bytes()
