"""Requests that were held back go on as soon as what held them back is over. Nobody polls: whatever opens a gate
is an event.
"""

from dataclasses import dataclass

from hcmp_contracts.account import AccountQuotaChanged, AccountRunQuotaChanged
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectApproved, ProjectRequested
from hcmp_contracts.quota import QuotaReleased, QuotaRunEnded
from hcmp_contracts.settings import MaintenanceDisabled
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_provisioner.handlers.admission import Admission
from hcmp_provisioner.projections.project_view import HeldBack, held_back
from hcmp_provisioner.reactors.commanding import SERVICE

SUBJECTS = (
    "hcmp.project.*.requested",
    "hcmp.project.*.approved",
    "hcmp.settings.*.maintenance-disabled",
    "hcmp.quota.*.released",
    "hcmp.quota.*.run-ended",
    "hcmp.account.*.quota-changed",
    "hcmp.account.*.run-quota-changed",
)


@dataclass(frozen=True)
class Admissions:
    admission: Admission
    projector: Projector

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        """Admit what can be admitted, oldest first; what an owner asked for later never overtakes."""
        if isinstance(recorded.event, ProjectRequested) and not recorded.event.held_back:
            return
        await self.projector.require(recorded.sequence)
        context = Context.caused_by(recorded, service=SERVICE)
        stopped: set[str] = set()
        for waiting in await self._concerned(recorded):
            if waiting.owner_id not in stopped and not await self.admission.admit(waiting, context):
                stopped.add(waiting.owner_id)

    async def _concerned(self, recorded: Recorded[DomainEvent]) -> list[HeldBack]:
        """The requests for which a gate may have opened."""
        pool, place = self.admission.pool, recorded.aggregate_id
        match recorded.event:
            case ProjectRequested(owner_id=owner_id):
                return await held_back(pool, owner_id=owner_id)
            case ProjectApproved():
                return await held_back(pool, project_id=place)
            case QuotaReleased() | QuotaRunEnded() | AccountQuotaChanged() | AccountRunQuotaChanged():
                return await held_back(pool, owner_id=place)
            case MaintenanceDisabled():
                return await held_back(pool)
            case _:
                return []
