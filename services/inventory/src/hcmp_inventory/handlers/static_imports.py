"""Many machines added by hand at once: each is reached, pinned and signed in to for itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hcmp_eventstore.recorded import Context
from hcmp_inventory.domain import vm_errors
from hcmp_inventory.handlers.machines import Machines, MachineUsedError, NewMachine, vm_id_of
from hcmp_inventory.ports.connections import CONNECTION_FAILURES, AddressRefusedError

AT_ONCE = 20
# What may be wrong with one machine while the others are well.
FAILURES = (*CONNECTION_FAILURES, AddressRefusedError, MachineUsedError, vm_errors.VmNameTakenError)


@dataclass(frozen=True)
class Taken:
    """What came of the list: ids and failures are in its order."""

    vm_ids: list[str]
    failures: list[tuple[NewMachine, Exception]]
    sequence: int


@dataclass(frozen=True)
class StaticImports:
    machines: Machines

    async def run(self, wanted: Sequence[NewMachine], context: Context) -> Taken:
        """Take those that can be taken. Raises system.ResetInProgressError, and what is no machine's own fault."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def take(new: NewMachine) -> int:
            async with slots:
                return await self.machines.register(new, context)

        results = await asyncio.gather(*(take(new) for new in wanted), return_exceptions=True)
        taken = Taken([], [], 0)
        sequence = 0
        for new, result in zip(wanted, results, strict=True):
            match result:
                case int():
                    taken.vm_ids.append(vm_id_of(new.name))
                    sequence = max(sequence, result)
                case Exception() if isinstance(result, FAILURES):
                    taken.failures.append((new, result))
                case BaseException():
                    raise result
        return Taken(taken.vm_ids, taken.failures, sequence)
