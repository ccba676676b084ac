"""Machines for projects: granted, denied, assigned and given back, each in one atomic append."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hcmp_contracts.allocation import GrantedMachine
from hcmp_eventstore.decider import Decision, Loaded, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import allocation, vm, vm_commands, vm_situations
from hcmp_inventory.domain.placing import Wanted

# What most projects are when they ask: nothing was ever decided for them.
NOTHING_YET: Loaded[allocation.Allocation] = Loaded(allocation.NoAllocation(), 0)

UNREACHABLE = "it did not answer any more"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a project asks for machines."""

    project_id: str
    owner_id: str
    number: int


@dataclass(frozen=True)
class Allocations:
    store: EventStore

    async def state(self, project_id: str) -> allocation.Allocation:
        return (await load(self.store, allocation.DECIDER, project_id)).state

    async def grant(
        self,
        attempt: Attempt,
        machines: Sequence[GrantedMachine],
        context: Context,
        *,
        seen: Mapping[str, Loaded[vm_situations.Vm]] | None = None,
    ) -> int:
        """Reserve all these machines for the project, or none.

        `seen` is how a read model knows each of them, by id: available, at a version. The first try then asks the
        log for nothing. Raises vm_errors.VmNotAvailableError when somebody else has one,
        allocation.AttemptAnsweredError and allocation.StillHeldError.
        """
        seen = seen or {}
        reservations = [
            Decision(
                vm.DECIDER,
                machine.vm_id,
                vm_commands.Reserve(attempt.project_id, attempt.owner_id, machine.role, machine.host_key),
                assumed=seen.get(machine.vm_id),
            )
            for machine in machines
        ]
        granted = Decision(
            allocation.DECIDER,
            attempt.project_id,
            allocation.Grant(attempt.owner_id, attempt.number, tuple(machines)),
            assumed=NOTHING_YET if attempt.number == 1 else None,
        )
        return await execute(self.store, [*reservations, granted], context)

    async def regrant(
        self,
        attempt: Attempt,
        held: allocation.Granted,
        kept: Sequence[GrantedMachine],
        others: Sequence[GrantedMachine],
        context: Context,
    ) -> int:
        """Grant an attempt the machines `kept` of those that are `held`, and `others` in the place of the rest,
        which stayed unreachable and leave the pool. The run's machines are fresh unless they are the very same.

        Raises as `grant` does, and allocation.AllocationMovedError.
        """
        machines = (*kept, *others)
        lost = held.machines - {machine.vm_id for machine in kept}
        project_id, owner_id = attempt.project_id, attempt.owner_id
        command = allocation.Regrant(owner_id, attempt.number, machines, held.machines, fresh=bool(lost))
        decisions: list[Decision[Any, Any, Any]] = [
            *(
                Decision(vm.DECIDER, vm_id, vm_commands.Release(project_id, "replaced", unreachable=UNREACHABLE))
                for vm_id in sorted(lost)
            ),
            *(
                Decision(
                    vm.DECIDER,
                    machine.vm_id,
                    vm_commands.Reserve(project_id, owner_id, machine.role, machine.host_key),
                )
                for machine in others
            ),
            Decision(allocation.DECIDER, project_id, command),
        ]
        return await execute(self.store, decisions, context)

    async def queue(self, attempt: Attempt, wanted: Sequence[Wanted], available: int, context: Context) -> int:
        """Let the request wait. Raises allocation.AttemptAnsweredError and allocation.StillHeldError."""
        command = allocation.Queue(attempt.owner_id, attempt.number, tuple(wanted), available)
        return await execute(self.store, [Decision(allocation.DECIDER, attempt.project_id, command)], context)

    async def deny(self, attempt: Attempt, *, needed: int, available: int, context: Context) -> int:
        denied = Decision(
            allocation.DECIDER, attempt.project_id, allocation.Deny(attempt.number, needed, available)
        )
        return await execute(self.store, [denied], context)

    async def assign(self, project_id: str, attempt: int, context: Context) -> None:
        """The project's run has succeeded: its machines are its own from now on."""
        held = await self.state(project_id)
        if not isinstance(held, allocation.Granted) or held.attempt != attempt:
            return  # given back meanwhile
        assignments = [
            Decision(vm.DECIDER, vm_id, vm_commands.Assign(project_id)) for vm_id in sorted(held.machines)
        ]
        await execute(self.store, assignments, context)

    async def leave_queue(self, project_id: str, context: Context) -> None:
        """A request that waits in vain is answered: it gets no machine."""
        state = await self.state(project_id)
        if isinstance(state, allocation.Queued):
            deny = allocation.Deny(state.waiting, state.needed, state.available)
            with suppress(allocation.AttemptAnsweredError):  # granted in this very moment
                await execute(self.store, [Decision(allocation.DECIDER, project_id, deny)], context)

    async def release(
        self,
        project_id: str,
        attempt: int,
        reason: str,
        context: Context,
        *,
        unreachable: Mapping[str, str] | None = None,
    ) -> None:
        """End an attempt and give back what it holds; once ended, nothing more is granted to it. Machines that
        were `unreachable` (by name, with the reason) are quarantined with it.

        Raises allocation.AllocationMovedError when the machines were granted in this very moment: try again.
        """
        held = await self.state(project_id)
        machines = held.granted if isinstance(held, allocation.Granted) else ()
        ids = frozenset(machine.vm_id for machine in machines)
        ended = Decision(allocation.DECIDER, project_id, allocation.Release(attempt, reason, ids))
        releases = [
            Decision(
                vm.DECIDER,
                machine.vm_id,
                vm_commands.Release(project_id, reason, unreachable=(unreachable or {}).get(machine.name)),
            )
            for machine in sorted(machines, key=lambda machine: machine.vm_id)
        ]
        try:
            await execute(self.store, [ended, *releases], context)
        except allocation.AttemptAnsweredError:
            return
