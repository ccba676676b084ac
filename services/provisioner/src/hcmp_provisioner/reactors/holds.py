"""A failed project keeps its machines for a while, so that a retry can go on, until the broker's timer ends it."""

from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProvisioningFailed
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.timers import set_timer
from hcmp_provisioner.domain.commands import EndHold
from hcmp_provisioner.reactors.commanding import command

SET_BY = ("hcmp.project.*.provisioning-failed",)
HOLD_TIMER = "hcmp.timer.hold"
HOLD_DUE = "hcmp.timer.hold-due"


@dataclass(frozen=True)
class Holds:
    store: EventStore

    async def set(self, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if not isinstance(event, ProvisioningFailed) or event.held_until is None:
            return
        await set_timer(
            self.store.client,
            name=f"{HOLD_TIMER}.{recorded.aggregate_id}",
            target=f"{HOLD_DUE}.{recorded.aggregate_id}",
            at=event.held_until,
            payload=recorded.envelope.model_dump_json().encode(),
        )

    async def end(self, recorded: Recorded[DomainEvent]) -> None:
        """`recorded` is the failure whose machines were kept until now; a later attempt is left alone."""
        event = recorded.event
        if isinstance(event, ProvisioningFailed):
            await command(self.store, recorded, recorded.aggregate_id, EndHold(event.attempt))
