"""What became of the machines behind the platform's back: one comparison of the pool with what each provider has.

A provider is asked once for all of its machines, and once more before one is believed to be deleted. One that
cannot be reached says nothing about its machines; and one that has suddenly lost many (a permission taken away, a
folder moved) is believed of none: they are marked, and an operator decides.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from hcmp_eventstore.errors import ConcurrencyError, StoreUnavailableError
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Context
from hcmp_inventory.domain import vm_commands
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_errors import VmUnknownError
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.ports.provider import Machine, Provider, ProviderError
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.pool_queries import Watched

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 2.0
# Of a provider that told by itself that something happened.
AGAIN_TOLD_SECONDS = 0.3
# As many at once may well be deleted by somebody's own hand.
FEW, SHARE = 10, 0.1

Change = vm_commands.ReportDrift | vm_commands.ReportHostKey | vm_commands.ReportGone


@dataclass(frozen=True)
class Drifts:
    machines: Machines
    pool: Pool
    providers: Mapping[str, Provider]
    again: float = AGAIN_SECONDS

    async def sweep(self, context: Context) -> int:
        """Compare every provider's machines. Returns how many were compared."""
        compared = await asyncio.gather(
            *(self._compare(name, provider, context) for name, provider in self.providers.items())
        )
        return sum(compared)

    async def _compare(self, name: str, provider: Provider, context: Context) -> int:
        known = [machine async for machine in pool_queries.provided(self.pool, name)]
        if not known:
            return 0
        try:
            there = await _machines_of(provider)
            missing = [machine for machine in known if _missed(machine, there)]
            if missing:
                await asyncio.sleep(self.again)
                there |= await _machines_of(provider)
                missing = [machine for machine in missing if _missed(machine, there)]
        except ProviderError as failure:
            log.warning("provider_says_nothing", provider=name, reason=str(failure))
            return 0
        for machine in known:
            if machine.provider_ref in there:
                for change in _changes(machine, there[machine.provider_ref]):
                    await self._tell(machine, change, context)
        await self._tell_missing(name, missing, max(FEW, int(SHARE * len(known))), context)
        return len(known)

    async def _tell_missing(self, provider: str, missing: list[Watched], believed: int, context: Context) -> None:
        if len(missing) > believed:
            log.error("provider_lost_many_machines", provider=provider, missing=len(missing), believed=believed)
        for machine in missing:
            if len(missing) <= believed:
                reason = Reason.of(f"deleted in its provider ({provider})", "deleted-outside", provider=provider)
                await self._tell(machine, vm_commands.ReportGone(reason, machine.host_key), context)
            elif _found(machine, "presence", "present") != "missing":
                lost = vm_commands.ReportDrift("presence", "missing", machine.host_key)
                await self._tell(machine, lost, context)

    async def _tell(self, machine: Watched, change: Change, context: Context) -> None:
        try:
            await self.machines.command(machine.vm_id, change, context)
        except (ConcurrencyError, StoreUnavailableError, VmUnknownError) as failure:
            log.warning("drift_not_kept", machine=machine.name, reason=str(failure))  # the next sweep has it again


async def _machines_of(provider: Provider) -> dict[str, Machine]:
    return {machine.provider_ref: machine for machine in await provider.discover()}


def _missed(machine: Watched, there: Mapping[str, Machine]) -> bool:
    """Not there, and not just being made anew."""
    return machine.provider_ref not in there and machine.status != "recycling"


def _changes(known: Watched, now: Machine) -> Iterator[Change]:
    """What is not as it was found last. What the provider does not say is not changed."""
    endpoint = f"{known.ssh_host}:{known.ssh_port}"
    key = known.host_key
    if _found(known, "presence", "present") != "present":
        yield vm_commands.ReportDrift("presence", "present", key)
    if now.power != "unknown" and now.power != _found(known, "power", "on"):
        yield vm_commands.ReportDrift("power", now.power, key)
    if now.address and now.address != _found(known, "address", known.address):
        yield vm_commands.ReportDrift("address", now.address, key)
    if now.ssh_host and (seen := f"{now.ssh_host}:{now.ssh_port}") != _found(known, "ssh-endpoint", endpoint):
        yield vm_commands.ReportDrift("ssh-endpoint", seen, key)
    if now.host_key and now.host_key != _found(known, "host-key", key):
        yield vm_commands.ReportHostKey(now.host_key, key)


def _found(machine: Watched, what: str, recorded: str) -> str:
    """How this was found last."""
    return machine.drift.get(what, {}).get("after", recorded)
