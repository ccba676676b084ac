"""Used machines are made new before anybody gets them again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmRecycled, VmRecycleStarted, VmReleased
from hcmp_eventstore.decider import load
from hcmp_eventstore.errors import EventLeftError
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.domain import vm, vm_commands, vm_errors
from hcmp_inventory.domain.vm_situations import Recycling, Released
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.ports.connections import (
    CertificateUnavailableError,
    CredentialRefusedError,
    HostKeyMismatchError,
    Login,
    UnreachableError,
)
from hcmp_inventory.ports.provider import Machine, Provider, ProviderError

log = structlog.get_logger(__name__)

SUBJECTS = ("hcmp.vm.*.released", "hcmp.vm.*.recycle-started")
TRIES = 3
PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Recycler:
    machines: Machines
    providers: Mapping[str, Provider]
    resets: Resets
    pause: float = PAUSE_SECONDS

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        context = Context.caused_by(recorded, service="inventory")
        match recorded.event:
            case VmReleased():
                await self._begin(recorded.aggregate_id, context)
            case VmRecycleStarted():
                await self._recycle(recorded, context)
            case event:
                raise TypeError(event.event_type)

    async def _begin(self, vm_id: str, context: Context) -> None:
        used = (await load(self.machines.store, vm.DECIDER, vm_id)).state
        if not isinstance(used, Released) or await self.resets.in_progress():
            return  # it was seen to already, or the reset takes it out of the pool
        if used.machine.provider in self.providers:
            await self.machines.command(vm_id, vm_commands.StartRecycle(), context)
        else:
            reason = f"used, and no provider {used.machine.provider} can make it new: clean it, then release it"
            await self.machines.command(vm_id, vm_commands.Quarantine(reason), context)

    async def _recycle(self, recorded: Recorded[DomainEvent], context: Context) -> None:
        vm_id = recorded.aggregate_id
        state = await self._if_this_recycle_is_open(recorded)
        if state is None:
            return
        provider = self.providers.get(state.machine.provider)
        if provider is None:
            reason = f"no provider {state.machine.provider} can make it new"
            await self.machines.command(vm_id, vm_commands.Quarantine(reason), context)
            return
        try:
            made = await self._make_new(provider, state)
        except CertificateUnavailableError as error:
            raise EventLeftError(str(error)) from error  # no fault of the machine's: it is made anew later
        except (ProviderError, UnreachableError, HostKeyMismatchError, CredentialRefusedError) as error:
            await self.machines.command(vm_id, vm_commands.Quarantine(f"recycling failed: {error}"), context)
            return
        try:
            await self.machines.command(vm_id, vm_commands.FinishRecycle(made), context)
        except vm_errors.VmUnknownError:
            await provider.destroy(made.provider_ref)  # retired meanwhile

    async def _if_this_recycle_is_open(self, recorded: Recorded[DomainEvent]) -> Recycling | None:
        """The machine, unless this recycle has ended; an old event that comes again starts nothing."""
        history = await self.machines.store.load("vm", recorded.aggregate_id, at_least=recorded.sequence)
        begun = max(past.sequence for past in history if isinstance(past.event, VmRecycleStarted))
        state = (await load(self.machines.store, vm.DECIDER, recorded.aggregate_id)).state
        return state if isinstance(state, Recycling) and begun == recorded.sequence else None

    async def _make_new(self, provider: Provider, used: Recycling) -> VmRecycled:
        """Recycle and sign in, at most TRIES times."""
        for left in reversed(range(TRIES)):
            try:
                made = await provider.recycle(used.machine.provider_ref)
                # One that went back to a snapshot shows the key of then, and lets in whom it let in then.
                made = replace(made, host_key=made.host_key or used.machine.host_key)
                credential = self.machines.credential_of(used.machine)
                by_certificate = await self.machines.prober.log_in(
                    Login(made.name, made.ssh_host, made.ssh_port, made.ssh_user, made.host_key, credential)
                )
            except (ProviderError, UnreachableError, HostKeyMismatchError, CredentialRefusedError) as error:
                log.warning("recycling_failed", machine=used.machine.name, reason=str(error), tries_left=left)
                if not left:
                    raise
                await asyncio.sleep(self.pause)
            else:
                return _result(made, by_certificate=by_certificate)
        raise AssertionError("the last try returns or raises")


def _result(made: Machine, *, by_certificate: bool) -> VmRecycled:
    names = VmRecycled.model_fields.keys() - {"ssh_certificates"}
    return VmRecycled(**{name: getattr(made, name) for name in names}, ssh_certificates=by_certificate)
