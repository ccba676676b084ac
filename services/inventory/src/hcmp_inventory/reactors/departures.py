"""Machines that were added by hand leave the pool clean in a factory reset: each one that was used is cleaned,
looked at, and only then retired. One that cannot be cleaned leaves all the same, and its retirement says why,
which is where the end of the reset finds it again after whatever came in between.
"""

import asyncio
from dataclasses import dataclass

import structlog

from hcmp_contracts.vm import VmRegistered, VmRetired
from hcmp_eventstore.decider import load
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Context
from hcmp_inventory.domain import vm, vm_commands
from hcmp_inventory.domain.causes import Reason, reason_of
from hcmp_inventory.domain.vm_situations import Available, Quarantined, Retired, UnderMaintenance, Unknown, Vm
from hcmp_inventory.handlers.cleaning import RECYCLE_FAILURES, CleanUps
from hcmp_inventory.ports.connections import CertificateUnavailableError
from hcmp_inventory.projections import pool_queries

log = structlog.get_logger(__name__)

BY_HAND = "static"
# Each is a process of Ansible.
CLEANED_AT_ONCE = 4
TRIES = 3
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Departures:
    pool: Pool
    clean_ups: CleanUps
    pause: float = PAUSE_SECONDS

    async def send_off(self, reason: Reason, context: Context) -> int:
        """Clean and retire every machine added by hand that was used; the last place written, or 0."""
        slots = asyncio.Semaphore(CLEANED_AT_ONCE)

        async def one(vm_id: str) -> int:
            async with slots:
                return await self._one(vm_id, reason, context)

        known = [machine.vm_id async for machine in pool_queries.provided(self.pool, BY_HAND)]
        async with asyncio.TaskGroup() as group:
            left = [group.create_task(one(vm_id)) for vm_id in known]
        return max((task.result() for task in left), default=0)

    async def unclean_since(self, sequence: int) -> dict[str, Reason]:
        """Why machines that were retired behind this place of the log could not be cleaned, by their names."""
        left = {}
        for vm_id in await pool_queries.retired_ids_since(self.pool, sequence, BY_HAND):
            for past in await self.clean_ups.machines.store.load("vm", vm_id):
                if past.sequence > sequence and isinstance(past.event, VmRetired) and past.event.unclean:
                    left[past.event.name] = Reason(past.event.unclean, tuple(past.event.causes))
        return left

    async def _one(self, vm_id: str, reason: Reason, context: Context) -> int:
        machines = self.clean_ups.machines
        state = (await load(machines.store, vm.DECIDER, vm_id)).state
        if isinstance(state, Unknown | Retired) or not _used(state):
            return 0
        unclean = await self._cleaned(state.machine)
        if unclean is not None:
            log.warning("machine_leaves_unclean", machine=state.machine.name, reason=unclean.text)
        retire = vm_commands.Retire(reason, even_if_busy=True, unclean=unclean)
        return await machines.command(vm_id, retire, context)

    async def _cleaned(self, machine: VmRegistered) -> Reason | None:
        """Why it is not clean, however often that was tried; None when it is."""
        if not self.clean_ups.can_clean(machine):
            return Reason.of("this installation has no playbooks to clean it with", "no-playbooks")
        for left in reversed(range(TRIES)):
            try:
                return (await self.clean_ups.clean(machine)).unclean(machine)
            except (*RECYCLE_FAILURES, CertificateUnavailableError) as error:
                log.warning("cleaning_failed", machine=machine.name, reason=str(error), tries_left=left)
                if not left:
                    return reason_of(error)
                await asyncio.sleep(self.pause)
        raise AssertionError("the last try returns")


def _used(state: Vm) -> bool:
    """Whether a project may have been on it since it was last known to be clean."""
    match state:
        case Available() | UnderMaintenance() | Quarantined(unreachable=True):
            return False
        case _:
            return True
