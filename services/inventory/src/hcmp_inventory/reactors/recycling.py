"""Used machines are made new before anybody gets them again: by their provider, or by the clean-up playbook where
no provider made them. Then the platform looks itself whether anything of the former owner is left; what is not
clean is nobody's next machine.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmRecycled, VmRecycleStarted, VmRegistered, VmReleased
from hcmp_eventstore.decider import load
from hcmp_eventstore.errors import EventLeftError
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_inventory.domain import survey, vm, vm_commands, vm_errors
from hcmp_inventory.domain.causes import Reason, reason_of
from hcmp_inventory.domain.vm_situations import Recycling, Released
from hcmp_inventory.handlers.cleaning import RECYCLE_FAILURES, CleanUps, Made
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.ports.cleaner import Cleaner
from hcmp_inventory.ports.connections import CertificateUnavailableError, Login
from hcmp_inventory.ports.provider import Provider

log = structlog.get_logger(__name__)

SUBJECTS = ("hcmp.vm.*.released", "hcmp.vm.*.recycle-started")
TRIES = 3
PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Recycler:
    machines: Machines
    providers: Mapping[str, Provider]
    resets: Resets
    cleaner: Cleaner | None = None
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
        if self._can_make_new(used.machine):
            await self.machines.command(vm_id, vm_commands.StartRecycle(), context)
        else:
            by = used.machine.provider
            text = f"used, and no provider {by} can make it new: clean it, then release it"
            await self._set_aside(vm_id, Reason.of(text, "not-renewable", provider=by), context)

    def _can_make_new(self, used: VmRegistered) -> bool:
        return used.provider in self.providers or self._clean_ups.can_clean(used)

    @property
    def _clean_ups(self) -> CleanUps:
        return CleanUps(self.machines, self.cleaner)

    async def _recycle(self, recorded: Recorded[DomainEvent], context: Context) -> None:
        vm_id = recorded.aggregate_id
        state = await self._if_this_recycle_is_open(recorded)
        if state is None:
            return
        used = state.machine
        try:
            made = await self._made_new(used)
        except CertificateUnavailableError as error:
            raise EventLeftError(str(error)) from error  # no fault of the machine's: it is made anew later
        except RECYCLE_FAILURES as error:
            why = reason_of(error)
            reason = Reason(f"recycling failed: {why.text}", (Cause.of("recycling-failed"), *why.causes))
            await self._set_aside(vm_id, reason, context)
            return
        finish = vm_commands.FinishRecycle(_result(made, used), made.unclean(used))
        try:
            await self.machines.command(vm_id, finish, context)
        except vm_errors.VmUnknownError:  # retired meanwhile
            if (provider := self.providers.get(used.provider)) is not None:
                await provider.destroy(made.machine.provider_ref)

    async def _set_aside(self, vm_id: str, reason: Reason, context: Context) -> None:
        try:
            await self.machines.command(vm_id, vm_commands.Quarantine(reason), context)
        except vm_errors.VmUnknownError:
            log.info("recycled_machine_is_gone", machine=vm_id, reason=reason.text)  # retired meanwhile

    async def _if_this_recycle_is_open(self, recorded: Recorded[DomainEvent]) -> Recycling | None:
        """The machine, unless this recycle has ended; an old event that comes again starts nothing."""
        history = await self.machines.store.load("vm", recorded.aggregate_id, at_least=recorded.sequence)
        begun = max(past.sequence for past in history if isinstance(past.event, VmRecycleStarted))
        state = (await load(self.machines.store, vm.DECIDER, recorded.aggregate_id)).state
        return state if isinstance(state, Recycling) and begun == recorded.sequence else None

    async def _made_new(self, used: VmRegistered) -> Made:
        """Raises one of RECYCLE_FAILURES, and CertificateUnavailableError."""
        provider = self.providers.get(used.provider)
        if provider is not None:
            return await self._from_provider(provider, used)
        return await self._clean_ups.clean(used)

    async def _from_provider(self, provider: Provider, used: VmRegistered) -> Made:
        """Recycle, sign in and look around, at most TRIES times."""
        for left in reversed(range(TRIES)):
            try:
                new = await provider.recycle(used.provider_ref)
                # One that went back to a snapshot shows the key of then, and lets in whom it let in then.
                new = replace(new, host_key=new.host_key or used.host_key)
                credential = self.machines.credential_of(used)
                login = Login(new.name, new.ssh_host, new.ssh_port, new.ssh_user, new.host_key, credential)
                return await self._clean_ups.looked_at(new, login, anew=True)
            except RECYCLE_FAILURES as error:
                log.warning("recycling_failed", machine=used.name, reason=str(error), tries_left=left)
                if not left:
                    raise
                await asyncio.sleep(self.pause)
        raise AssertionError("the last try returns or raises")


def _result(made: Made, used: VmRegistered) -> VmRecycled:
    """What is on a clean machine that was made anew belongs there from now on: its image may be a newer one."""
    names = VmRecycled.model_fields.keys() - {"baseline", "ssh_certificates"}
    facts = {name: getattr(made.machine, name) for name in names}
    found = list(survey.baseline_of(made.found))
    anew = made.anew and made.unclean(used) is None and found != used.baseline
    return VmRecycled(**facts, baseline=found if anew else None, ssh_certificates=made.by_certificate)
