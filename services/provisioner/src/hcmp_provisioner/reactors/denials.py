"""No machines: the project is rejected, or cancelled when that was asked for meanwhile."""

from dataclasses import dataclass

from hcmp_contracts.allocation import AllocationDenied
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import Cancel, Reject
from hcmp_provisioner.domain.errors import RunCancelRequestedError, RunNotWantedError
from hcmp_provisioner.reactors.commanding import command

SUBJECTS = ("hcmp.allocation.*.denied",)


@dataclass(frozen=True)
class Denials:
    store: EventStore

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        if not isinstance(recorded.event, AllocationDenied):
            return
        denied, project_id = recorded.event, recorded.aggregate_id
        try:
            reject = Reject(denied.attempt, denied.needed, denied.available)
            await command(self.store, recorded, project_id, reject)
        except RunCancelRequestedError:
            log = await open_log(self.store.client, project_id)
            await command(self.store, recorded, project_id, Cancel(denied.attempt, log.sequence))
        except RunNotWantedError:
            return
