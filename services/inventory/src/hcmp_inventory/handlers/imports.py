"""Machines that a provider makes, taken into the pool under the first free names: lab-01, lab-02, or vm-01."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from hcmp_contracts.cause import Cause
from hcmp_contracts.vm import ProviderName
from hcmp_eventstore.decider import load
from hcmp_eventstore.recorded import Context
from hcmp_inventory.domain import vm, vm_errors
from hcmp_inventory.domain.causes import CausedError, Reason, reason_of
from hcmp_inventory.domain.vm_situations import Retired, Unknown, Vm
from hcmp_inventory.handlers.machines import Machines, MachineUsedError, registration, vm_id_of
from hcmp_inventory.ports.connections import CONNECTION_FAILURES, Login
from hcmp_inventory.ports.hypervisor import Maker
from hcmp_inventory.ports.provider import Provider, ProviderError
from hcmp_inventory.ports.services import Exclusive

# Whoever makes or destroys machines of the lab holds this name, so that no name is taken twice at once.
LAB = "lab"
# Names are taken from the first on, so that a hole is never wider than one import.
LARGEST_IMPORT = 50
PREFIXES: Mapping[ProviderName, str] = {"docker": "lab", "vsphere": "vm", "static": "static"}
# What may go wrong with one machine while the others are well.
MACHINE_FAILURES = (
    ProviderError,
    *CONNECTION_FAILURES,
    MachineUsedError,
    vm_errors.VmNameTakenError,
)


@dataclass(frozen=True, slots=True)
class Import:
    """`maker` makes the machines, where it is not the provider as it stands."""

    provider: ProviderName
    count: int
    request_id: str
    request_digest: str
    labels: Mapping[str, str] = field(default_factory=dict)
    maker: Maker | None = None


class NoProviderError(CausedError):
    """The installation has no such provider."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"there is no provider {provider}", Cause.of("no-provider", provider=provider))
        self.provider = provider


class ImportIncompleteError(CausedError):
    """Some machines could not be made; the others are in the pool."""

    def __init__(self, registered: list[str], failures: dict[str, Reason]) -> None:
        names = sorted(failures)
        reasons = "; ".join(f"{name}: {failures[name].text}" for name in names)
        count = "1 machine" if len(failures) == 1 else f"{len(failures)} machines"
        causes = [Cause.of("machines-not-made", names=", ".join(names))]
        causes += [cause for name in names for cause in failures[name].causes]
        once = [cause for place, cause in enumerate(causes) if cause not in causes[:place]]
        super().__init__(f"{count} could not be made ({reasons})", *once)
        self.registered = registered
        self.failures = failures


@dataclass(frozen=True)
class Imports:
    machines: Machines
    providers: Mapping[str, Provider]
    exclusive: Exclusive

    async def run(self, wanted: Import, context: Context) -> tuple[list[str], int]:
        """Make as many machines as are wanted, those included that this very request made before.

        Returns their ids and the last sequence. Raises NoProviderError, ImportIncompleteError,
        system.ResetInProgressError.
        """
        maker = wanted.maker or self.providers.get(wanted.provider)
        if maker is None:
            raise NoProviderError(wanted.provider)
        async with self.exclusive(LAB):
            done, free = await self._names(wanted)
            missing = free[: max(0, wanted.count - len(done))]
            results = await asyncio.gather(
                *(self._make(maker, name, wanted, context) for name in missing), return_exceptions=True
            )
        failures = {
            name: reason_of(result)
            for name, result in zip(missing, results, strict=True)
            if isinstance(result, BaseException)
        }
        made = done + [name for name in missing if name not in failures]
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, MACHINE_FAILURES):
                raise result
        if failures:
            raise ImportIncompleteError(made, failures)
        sequence = max((result for result in results if isinstance(result, int)), default=0)
        return [vm_id_of(name) for name in made], sequence

    async def _names(self, wanted: Import) -> tuple[list[str], list[str]]:
        """The names that this request has registered, and those that are free, lowest first."""
        done: list[str] = []
        free: list[str] = []
        unknown = number = 0
        while unknown < LARGEST_IMPORT:
            names = [f"{PREFIXES[wanted.provider]}-{number + offset + 1:02d}" for offset in range(LARGEST_IMPORT)]
            number += LARGEST_IMPORT
            states = await asyncio.gather(*(self._state(name) for name in names))
            for name, state in zip(names, states, strict=True):
                unknown = unknown + 1 if isinstance(state, Unknown) else 0
                if wanted.request_id and _request_of(state) == wanted.request_id:
                    done.append(name)
                elif isinstance(state, Unknown | Retired):
                    free.append(name)
        return done, free

    async def _state(self, name: str) -> Vm:
        return (await load(self.machines.store, vm.DECIDER, vm_id_of(name))).state

    async def _make(self, maker: Maker, name: str, wanted: Import, context: Context) -> int:
        """One machine, made and reached: the sequence of its registration."""
        machine = await maker.create(name)
        login = Login(name, machine.ssh_host, machine.ssh_port, machine.ssh_user, machine.host_key, None)
        by_certificate = await self.machines.prober.log_in(login)
        facts = registration(
            machine,
            provider=wanted.provider,
            ssh_certificates=by_certificate,
            labels=dict(wanted.labels),
            request_id=wanted.request_id,
            request_digest=wanted.request_digest,
        )
        return await self.machines.register_reached(facts, context)


def _request_of(state: Vm) -> str:
    match state:
        case Unknown():
            return ""
        case Retired():
            return state.request_id
        case _:
            return state.machine.request_id
