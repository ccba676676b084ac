"""A machine that left the pool is destroyed, if a provider had made it and it is not to be left as it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmRetired
from hcmp_eventstore.decider import load
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import vm
from hcmp_inventory.domain.vm_situations import Retired, Unknown, Vm, evolve
from hcmp_inventory.handlers.imports import LAB
from hcmp_inventory.ports.provider import Provider
from hcmp_inventory.ports.services import Exclusive

SUBJECTS = ("hcmp.vm.*.retired",)


@dataclass(frozen=True)
class Undertaker:
    store: EventStore
    providers: Mapping[str, Provider]
    exclusive: Exclusive

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        if isinstance(recorded.event, VmRetired) and recorded.event.forgotten:
            return
        before = await self._before(recorded)
        if isinstance(before, Unknown | Retired):
            return
        provider = self.providers.get(before.machine.provider)
        if provider is None:
            return
        async with self.exclusive(LAB):
            # Its name, and with it the reference, may belong to a new machine by now.
            if isinstance((await load(self.store, vm.DECIDER, recorded.aggregate_id)).state, Retired):
                await provider.destroy(before.machine.provider_ref)

    async def _before(self, recorded: Recorded[DomainEvent]) -> Vm:
        """The machine as it was when it was retired."""
        state: Vm = vm.DECIDER.initial
        for past in await self.store.load("vm", recorded.aggregate_id, at_least=recorded.sequence):
            if past.sequence < recorded.sequence:
                state = evolve(state, past.event)  # type: ignore[arg-type]  # a machine's history holds its events
        return state
