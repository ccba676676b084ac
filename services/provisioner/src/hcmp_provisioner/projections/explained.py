"""Projects together with why they wait and how far they are, for a page of them by a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hcmp_eventstore.projector import Pool
from hcmp_provisioner.domain.explanation import Progress, Waiting, progress, waiting_for
from hcmp_provisioner.projections.accounts import NOTHING, usages
from hcmp_provisioner.projections.maintenance import maintenance
from hcmp_provisioner.projections.project_view import ProjectView
from hcmp_provisioner.projections.typical import typical


@dataclass(frozen=True)
class Explained:
    view: ProjectView
    waiting_for: Waiting | None
    progress: Progress


async def explained(pool: Pool, views: Sequence[ProjectView], now: datetime) -> list[Explained]:
    """The same projects in the same order. What is over waits for nothing, and needs no estimate."""
    under_way = [view for view in views if view.status in ("requested", "configuring")]
    if not under_way:
        return [as_it_was(view, now) for view in views]
    times = await typical(pool, ((view.template, view.dry_run) for view in under_way))
    used = await usages(pool, [view.owner_id for view in under_way])
    state = await maintenance(pool)
    message = state.message if state.enabled else None
    return [
        Explained(
            view,
            waiting_for(view, used.get(view.owner_id, NOTHING), maintenance=message),
            progress(view.steps, times.get((view.template, view.dry_run), {}), now),
        )
        for view in views
    ]


def as_it_was(view: ProjectView, at: datetime) -> Explained:
    """A project of the past: what it waited for depended on much that is not kept."""
    return Explained(view, None, progress(view.steps, {}, at))
