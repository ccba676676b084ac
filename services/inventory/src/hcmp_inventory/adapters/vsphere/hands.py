"""What is done to one virtual machine: snapshot and revert, on and off, marked and destroyed; each to its end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyVmomi import vim, vmodl

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.faults import of_fault
from hcmp_inventory.adapters.vsphere.marks import Marks
from hcmp_inventory.adapters.vsphere.retrieval import Properties, some_of, wait_for
from hcmp_inventory.adapters.vsphere.session import Content, Session
from hcmp_inventory.ports.hypervisor import VcenterError

CLEAN = "hcmp-clean"
TASK_SECONDS = 1800.0
ADDRESS_SECONDS = 300.0
PROPERTIES = (
    "name",
    "config.extraConfig",
    "config.template",
    "guest.ipAddress",
    "runtime.powerState",
    "runtime.host",
    "snapshot",
)

OUTCOME = ("info.state", "info.result", "info.error")


@dataclass(frozen=True)
class Hands:
    """On one machine. Everything raises VcenterError."""

    session: Session
    reference: str
    address_seconds: float = ADDRESS_SECONDS

    @property
    def machine(self) -> Any:
        return self.session.object(vim.VirtualMachine, self.reference)

    async def properties(self) -> Properties | None:
        """What the server knows of it; None if it is gone."""
        return await self.session.call(lambda content: _properties(content, self.machine))

    async def snapshot(self) -> None:
        """Keep the state that it is in as the clean one, in place of an older one: its disks, not its memory, so
        that it always starts from its boot.
        """
        await self.forget_snapshots()
        await self.task(
            lambda _: self.machine.CreateSnapshot_Task(
                CLEAN, "A recycle goes back to here.", memory=False, quiesce=False
            )
        )

    async def forget_snapshots(self) -> None:
        has = await self.properties() or {}
        for old in _clean_snapshots(has):
            await self.task(partial(_remove, old))

    async def revert(self) -> None:
        has = await self.properties() or {}
        clean = next(_clean_snapshots(has), None)
        if clean is None:
            name = str(has.get("name", self.reference))
            cause = Cause.of("snapshot-missing", name=name, snapshot=CLEAN)
            raise VcenterError("vcenter-not-found", f"{name} has no snapshot {CLEAN}.", cause)
        await self.task(lambda _: clean.RevertToSnapshot_Task())

    async def switch_on(self) -> None:
        await self._switch("poweredOn", lambda _: self.machine.PowerOnVM_Task())

    async def switch_off(self) -> None:
        await self._switch("poweredOff", lambda _: self.machine.PowerOffVM_Task())

    async def mark(self, marks: Marks) -> None:
        await self.configure(marks.options())

    async def unmark(self) -> None:
        await self.configure(Marks.removed())

    async def configure(self, extra: list[Any]) -> None:
        await self.task(lambda _: self.machine.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=extra)))

    async def customize(self, spec: Any) -> None:
        await self.task(lambda _: self.machine.CustomizeVM_Task(spec))

    async def destroy(self) -> None:
        await self.task(lambda _: self.machine.Destroy_Task())

    async def address(self) -> str:
        """The address that its tools report, once they do."""
        found = await wait_for(self.session, self.machine, "guest.ipAddress", bool, self.address_seconds)
        return str(found)

    async def placement(self) -> str:
        """The name of the ESXi host that it runs on, or nothing."""
        host = await self.session.call(lambda _: _host_name(self.machine))
        return str(host or "")

    async def task(self, start: Callable[[Content], Any]) -> Any:
        """Start a task and wait for its end; its result."""
        return await run_task(self.session, start)

    async def _switch(self, state: str, start: Callable[[Content], Any]) -> None:
        has = await self.properties() or {}
        if has.get("runtime.powerState") != state:
            await self.task(start)


async def run_task(session: Session, start: Callable[[Content], Any]) -> Any:
    """Start a task and wait for its end; its result. Raises VcenterError."""
    task = await session.call(start)
    over = ("success", "error")
    await wait_for(session, task, "info.state", lambda state: state in over, TASK_SECONDS)
    has = await session.call(lambda content: some_of(content, [task], vim.Task, OUTCOME))
    [outcome] = has.values()
    if outcome["info.state"] == "error":
        raise of_fault(outcome["info.error"], session.access.username)
    return outcome.get("info.result")


def _properties(content: Content, machine: Any) -> Properties | None:
    try:
        return some_of(content, [machine], vim.VirtualMachine, PROPERTIES).get(machine._GetMoId())  # noqa: SLF001
    except vmodl.fault.ManagedObjectNotFound:
        return None


def _remove(snapshot: Any, _: Content) -> Any:
    return snapshot.RemoveSnapshot_Task(removeChildren=False)


def _host_name(machine: Any) -> str | None:
    host = machine.runtime.host
    return host.name if host is not None else None


def _clean_snapshots(has: Properties) -> Iterator[Any]:
    """The snapshots of our name, wherever they stand in the tree."""
    waiting = list(has["snapshot"].rootSnapshotList) if has.get("snapshot") is not None else []
    while waiting:
        tree = waiting.pop()
        if tree.name == CLEAN:
            yield tree.snapshot
        waiting.extend(tree.childSnapshotList)
