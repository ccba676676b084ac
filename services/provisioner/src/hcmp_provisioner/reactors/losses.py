"""A project is told when a machine that it holds is gone for good: deleted by others in its provider, for one."""

from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmRetired
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import LoseMachine
from hcmp_provisioner.reactors.commanding import command

SUBJECTS = ("hcmp.vm.*.retired",)


@dataclass(frozen=True)
class Losses:
    store: EventStore

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        retired = recorded.event
        if not isinstance(retired, VmRetired) or retired.project_id is None:
            return
        lost = LoseMachine(recorded.aggregate_id, retired.name, retired.reason)
        await command(self.store, recorded, retired.project_id, lost)
