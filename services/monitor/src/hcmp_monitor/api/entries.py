"""A row of the feed as callers read it."""

from hcmp_monitor.api.models import ActingParty, ActivityEntry, Named
from hcmp_monitor.projections.feed import Entry


def entry(row: Entry) -> ActivityEntry:
    return ActivityEntry(
        sequence=row.sequence,
        id=row.id,
        time=row.time,
        kind=row.kind,
        actor=ActingParty(kind=row.actor_kind, id=row.actor_id, name=row.actor_name),
        project=_named(row.project_id, row.project_name),
        vm=_named(row.vm_id, row.vm_name),
        account=_named(row.account_id, row.account_name),
        summary=row.summary,
        correlation_id=row.correlation_id,
    )


def _named(thing_id: str | None, name: str | None) -> Named | None:
    return None if thing_id is None else Named(id=thing_id, name=name)
