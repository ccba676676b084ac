"""What a project no longer uses is given back to its owner's quotas."""

from dataclasses import dataclass
from typing import assert_never

from hcmp_contracts.allocation import AllocationDenied, AllocationReleased
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectProvisioned, ProvisioningFailed
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Unknown
from hcmp_provisioner.domain.quota import QUOTA, EndRun, QuotaCommand, Release
from hcmp_provisioner.reactors.commanding import SERVICE

Ending = ProjectProvisioned | ProvisioningFailed | AllocationDenied | AllocationReleased
SUBJECTS = (
    "hcmp.project.*.provisioned",
    "hcmp.project.*.provisioning-failed",
    "hcmp.allocation.*.denied",
    "hcmp.allocation.*.released",
)


@dataclass(frozen=True)
class Quotas:
    store: EventStore

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if not isinstance(event, Ending):
            raise TypeError(event.event_type)
        project = (await load(self.store, PROJECT, recorded.aggregate_id)).state
        if isinstance(project, Unknown):
            return
        order = _order(recorded.aggregate_id, event)
        context = Context.caused_by(recorded, service=SERVICE)
        await execute(self.store, [Decision(QUOTA, project.details.owner_id, order)], context)


def _order(project_id: str, event: Ending) -> QuotaCommand:
    match event:
        case ProjectProvisioned(attempt=attempt) | ProvisioningFailed(attempt=attempt):
            return EndRun(project_id, attempt)
        case AllocationDenied(attempt=attempt) | AllocationReleased(attempt=attempt):
            return Release(project_id, attempt)
        case _:
            assert_never(event)
