"""Are the machines of the pool fit for a project? One sweep over all of them.

A ready machine is signed in to under its pinned host key and asked how full its disk is and what time it has. One
that fails is asked once more, a moment later, before it is set aside with the reason. A machine that was set aside
only because it did not answer comes back by itself: it was clean, nobody could use it meanwhile, and its pinned
host key says that it is the same one. Of a project's machine only the host key is looked at, and it is never taken
away.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from hcmp_eventstore.errors import ConcurrencyError, StoreUnavailableError
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Context
from hcmp_inventory.domain import vm_commands
from hcmp_inventory.domain.causes import reason_of
from hcmp_inventory.domain.vitals import Limits, complaint
from hcmp_inventory.handlers.machines import Machines
from hcmp_inventory.ports.connections import (
    CertificateUnavailableError,
    CommandFailedError,
    CredentialRefusedError,
    HostKeyMismatchError,
    Prober,
    UnreachableError,
)
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.projections.pool_queries import Watched

log = structlog.get_logger(__name__)

# Each probe is one connection.
AT_ONCE = 200
AGAIN_SECONDS = 5.0

Verdict = vm_commands.SetAside | vm_commands.Recover | vm_commands.ReportHostKey


@dataclass(frozen=True)
class Health:
    """`prober` may be more impatient than that of `machines`, which waits for one person's one machine."""

    machines: Machines
    prober: Prober
    pool: Pool
    limits: Limits
    at_once: int = AT_ONCE
    again: float = AGAIN_SECONDS

    async def sweep(self, context: Context) -> int:
        """Probe every machine, and judge those that fail twice. Returns how many were probed."""
        suspects: list[Watched] = []
        async with aclosing(pool_queries.probed(self.pool)) as machines:
            probed = await self._probe_all(machines, context, suspects)
        if suspects:
            await asyncio.sleep(self.again)
            await self._probe_all(_each(suspects), context, None)
        return probed

    async def _probe_all(
        self, machines: AsyncIterator[Watched], context: Context, suspects: list[Watched] | None
    ) -> int:
        """Probe them, so many at once; a bad verdict makes a suspect, or counts where `suspects` is None."""
        slots, probed = asyncio.Semaphore(self.at_once), 0

        async def look_at(machine: Watched) -> None:
            try:
                verdict = await self._verdict(machine)
                if _good(verdict, machine) or suspects is None:
                    await self._pronounce(verdict, machine, context)
                else:
                    suspects.append(machine)
            finally:
                slots.release()

        async with asyncio.TaskGroup() as group:
            async for machine in machines:
                await slots.acquire()
                probed += 1
                group.create_task(look_at(machine))
        return probed

    async def _verdict(self, machine: Watched) -> Verdict | None:  # noqa: PLR0911 - one line an outcome
        """None when there is nothing to say that is not known."""
        if machine.status in ("provisioning", "assigned"):
            return await self._host_key(machine)
        try:
            vitals = await self.prober.vitals(self.machines.login(machine))
        except HostKeyMismatchError as mismatch:
            return vm_commands.ReportHostKey(mismatch.presented, machine.host_key)
        except UnreachableError as silence:
            if machine.unreachable:
                return None
            return vm_commands.SetAside(reason_of(silence), machine.host_key, unreachable=True)
        except CertificateUnavailableError:
            return None  # no fault of the machine's
        except (CredentialRefusedError, CommandFailedError) as failure:
            return vm_commands.SetAside(reason_of(failure), machine.host_key)
        if reason := complaint(vitals, self.limits):
            return vm_commands.SetAside(reason, machine.host_key)
        return vm_commands.Recover(machine.host_key) if machine.unreachable else None

    async def _host_key(self, machine: Watched) -> Verdict | None:
        """Not signed in to: whoever has it is not disturbed. That it does not answer is for its owner to see."""
        try:
            presented = await self.prober.host_key(machine.ssh_host, machine.ssh_port)
        except UnreachableError:
            return None
        known = machine.drift.get("host-key", {}).get("after", machine.host_key)
        return None if presented == known else vm_commands.ReportHostKey(presented, machine.host_key)

    async def _pronounce(self, verdict: Verdict | None, machine: Watched, context: Context) -> None:
        if verdict is None:
            return
        try:
            await self.machines.command(machine.vm_id, verdict, context)
        except (ConcurrencyError, StoreUnavailableError) as failure:
            log.warning(
                "verdict_not_kept", machine=machine.name, reason=str(failure)
            )  # the next sweep has it again


def _good(verdict: Verdict | None, machine: Watched) -> bool:
    match verdict:
        case None | vm_commands.Recover():
            return True
        case vm_commands.ReportHostKey(presented=presented):
            return presented == machine.host_key
        case _:
            return False


async def _each(machines: Iterable[Watched]) -> AsyncIterator[Watched]:
    for machine in machines:
        yield machine
