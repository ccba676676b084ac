"""What becomes of a project decides what becomes of its machines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    CancelRequested,
    HoldEnded,
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProvisioningFailed,
    RetryRequested,
)
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.handlers.allocation import Allocations

Outcome = ProjectProvisioned | ProvisioningFailed | HoldEnded | CancelRequested | ProjectCancelled | ProjectDeleted
SUBJECTS = (
    "hcmp.project.*.provisioned",
    "hcmp.project.*.provisioning-failed",
    "hcmp.project.*.hold-ended",
    "hcmp.project.*.cancel-requested",
    "hcmp.project.*.cancelled",
    "hcmp.project.*.deleted",
)


@dataclass(frozen=True)
class Outcomes:
    allocations: Allocations

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if not isinstance(event, Outcome):
            raise TypeError(event.event_type)
        context = Context.caused_by(recorded, service="inventory")
        project_id = recorded.aggregate_id
        match event:
            case ProjectProvisioned(dry_run=False):
                await self.allocations.assign(project_id, event.attempt, context)
            case ProvisioningFailed(held_until=datetime()):
                return  # until its hold ends, or the project is tried again or deleted
            case ProjectProvisioned() | ProvisioningFailed() | HoldEnded():
                await self._release(recorded, event.attempt, context)
            case CancelRequested():
                await self.allocations.leave_queue(project_id, context)
            case ProjectCancelled() | ProjectDeleted():
                history = await self._history(recorded)
                newest = [past.attempt for past in history if isinstance(past, RetryRequested)]
                await self._release(recorded, max(newest, default=1), context)
            case _:
                assert_never(event)

    async def _release(self, recorded: Recorded[DomainEvent], attempt: int, context: Context) -> None:
        """Give the machines back; what the run could not reach is not for the next project either."""
        unreachable = _unreachable(await self._history(recorded), attempt)
        reason = recorded.event.verb()
        await self.allocations.release(recorded.aggregate_id, attempt, reason, context, unreachable=unreachable)

    async def _history(self, recorded: Recorded[DomainEvent]) -> Sequence[DomainEvent]:
        """What has happened to the project, up to the event."""
        history = await self.allocations.store.load("project", recorded.aggregate_id, at_least=recorded.sequence)
        return [past.event for past in history if past.sequence <= recorded.sequence]


def _unreachable(history: Sequence[DomainEvent], attempt: int) -> Mapping[str, str]:
    """The machines, by name, that the attempt's run failed to reach, and why."""
    return {
        failure.vm: failure.reason
        for past in history
        if isinstance(past, ProvisioningFailed) and past.attempt == attempt
        for failure in past.failures
        if failure.unreachable
    }
