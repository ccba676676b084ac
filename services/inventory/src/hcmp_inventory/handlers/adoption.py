"""Machines that a vCenter has, taken into the pool: each is reached, pinned, kept as clean, and registered."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field

from hcmp_eventstore.decider import load
from hcmp_eventstore.recorded import Context
from hcmp_inventory.domain import vm, vm_errors
from hcmp_inventory.domain.causes import Reason, reason_of
from hcmp_inventory.domain.vm_situations import Retired, Unknown
from hcmp_inventory.handlers.imports import LAB, MACHINE_FAILURES, ImportIncompleteError
from hcmp_inventory.handlers.machines import Machines, registration, vm_id_of
from hcmp_inventory.ports.connections import Login
from hcmp_inventory.ports.hypervisor import Endpoint, Filter, Item, Vcenter
from hcmp_inventory.ports.services import Exclusive

LARGEST_ADOPTION = 100
AT_ONCE = 8
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Adoption:
    """`credential` is in clear; None means that the platform's key opens them."""

    chosen: Filter
    ssh_user: str
    ssh_port: int
    exporter_port: int
    credential: str | None = field(repr=False)
    labels: dict[str, str]
    request_id: str = ""
    request_digest: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """The machines taken, the last sequence, and by name why others were not."""

    vm_ids: list[str]
    sequence: int
    failures: dict[str, Reason]


class TooManyMachinesError(Exception):
    """The filter leaves more machines than are taken at once."""

    def __init__(self, found: int) -> None:
        super().__init__(f"the filter leaves {found} machines")
        self.found = found


@dataclass(frozen=True)
class Adoptions:
    machines: Machines
    vcenter: Vcenter
    exclusive: Exclusive

    async def run(self, wanted: Adoption, context: Context) -> Adopted:
        """Take what the filter leaves; a machine that cannot be taken is among the failures, under its name.

        Raises VcenterError when the machines cannot be listed, TooManyMachinesError, ImportIncompleteError when
        none could be taken, system.ResetInProgressError.
        """
        found = await self.vcenter.browse("machines", wanted.chosen)
        absent = set(wanted.chosen.references) - {item.reference for item in found}
        if len(found) > LARGEST_ADOPTION:
            raise TooManyMachinesError(len(found))
        slots = asyncio.Semaphore(AT_ONCE)
        names = Counter(pool_name(item.name) for item in found)
        async with self.exclusive(LAB):
            results = await asyncio.gather(
                *(self._one(item, wanted, names, slots, context) for item in found), return_exceptions=True
            )
        nothing = Reason.of("there is no such machine", "no-such-machine")
        failures = dict.fromkeys(sorted(absent), nothing)
        for item, result in zip(found, results, strict=True):
            if isinstance(result, MACHINE_FAILURES):
                failures[item.name] = reason_of(result)
            elif isinstance(result, BaseException):
                raise result
        taken = [
            (pool_name(item.name), result)
            for item, result in zip(found, results, strict=True)
            if isinstance(result, int)
        ]
        if failures and not taken:
            raise ImportIncompleteError([], failures)
        last = max((sequence for _, sequence in taken), default=0)
        return Adopted([vm_id_of(name) for name, _ in taken], last, failures)

    async def _one(
        self, item: Item, wanted: Adoption, names: Counter[str], slots: asyncio.Semaphore, context: Context
    ) -> int:
        async with slots:
            name = pool_name(item.name)
            endpoint = Endpoint(name, wanted.ssh_user, wanted.ssh_port, wanted.exporter_port)
            known = (await load(self.machines.store, vm.DECIDER, vm_id_of(name))).state
            if not isinstance(known, Unknown | Retired):
                if not wanted.request_id or known.machine.request_id != wanted.request_id:
                    raise vm_errors.VmNameTakenError(name)
                return await self.machines.register_reached(known.machine, context)
            if names[name] > 1:
                raise vm_errors.VmNameTakenError(name)
            located = await self.vcenter.locate(item.reference, endpoint)
            host_key = await self.machines.prober.host_key(located.ssh_host, located.ssh_port)
            login = Login(name, located.ssh_host, located.ssh_port, located.ssh_user, host_key, wanted.credential)
            by_certificate = await self.machines.prober.log_in(login)
            await self.vcenter.adopt(located, endpoint)
            facts = registration(
                located,
                provider="vsphere",
                host_key=login.host_key,
                credential=self.machines.sealed(located.name, wanted.credential),
                ssh_certificates=by_certificate,
                labels=wanted.labels,
                request_id=wanted.request_id,
                request_digest=wanted.request_digest,
            )
            return await self.machines.register_reached(facts, context)


def pool_name(name: str) -> str:
    """A machine's name in the pool: its own, as a host name. `Web_01 (old)` is web-01-old."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:LONGEST_NAME].strip("-") or "machine"
