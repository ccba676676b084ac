"""What becomes of a project decides what becomes of its machines."""

from dataclasses import dataclass
from typing import assert_never

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProvisioningFailed,
    RetryRequested,
)
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.handlers.allocation import Allocations

Outcome = ProjectProvisioned | ProvisioningFailed | ProjectCancelled | ProjectDeleted
SUBJECTS = (
    "hcmp.project.*.provisioned",
    "hcmp.project.*.provisioning-failed",
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
            case ProjectProvisioned():
                await self.allocations.assign(project_id, event.attempt, context)
            case ProvisioningFailed():
                await self.allocations.release(project_id, event.attempt, event.verb(), context)
            case ProjectCancelled() | ProjectDeleted():
                attempt = await self._attempt(recorded)
                await self.allocations.release(project_id, attempt, event.verb(), context)
            case _:
                assert_never(event)

    async def _attempt(self, recorded: Recorded[DomainEvent]) -> int:
        """Which attempt the event ends: the project's newest one before it."""
        history = await self.allocations.store.load("project", recorded.aggregate_id, at_least=recorded.sequence)
        return max(
            (
                earlier.event.attempt
                for earlier in history
                if isinstance(earlier.event, RetryRequested) and earlier.sequence < recorded.sequence
            ),
            default=1,
        )
