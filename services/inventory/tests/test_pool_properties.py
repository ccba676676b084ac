"""Whatever happens in whatever order, a machine belongs to one project at most, and none is ever lost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hcmp_contracts.allocation import GrantedMachine
from hcmp_contracts.vm import VmRecycled
from hcmp_eventstore.decider import Decider
from hcmp_inventory.domain import allocation, vm, vm_commands, vm_errors
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_situations import Assigned, Reserved, Vm, status_of
from hcmp_testkit.machines import registered

MACHINES = ("vm-1", "vm-2", "vm-3", "vm-4")
PROJECTS = ("p-1", "p-2", "p-3")
REFUSALS = (
    vm_errors.VmNotAvailableError,
    vm_errors.VmNotHeldError,
    vm_errors.VmInUseError,
    vm_errors.VmWrongStatusError,
    vm_errors.VmUnknownError,
    allocation.AttemptAnsweredError,
    allocation.StillHeldError,
    allocation.AllocationMovedError,
)

STEPS = 40

Key = tuple[str, str]
Part = tuple[Decider[Any, Any, Any], str, Any]


RECYCLED = {
    vm_id: VmRecycled(**{name: getattr(registered(vm_id), name) for name in VmRecycled.model_fields})
    for vm_id in MACHINES
}


@dataclass
class Log:
    """The store's promise in memory: a write is decided on the versions it has seen, all or nothing."""

    events: dict[Key, list[Any]] = field(default_factory=dict)

    def state(self, decider: Decider[Any, Any, Any], aggregate_id: str) -> Any:
        return decider.fold(self.events.get((decider.aggregate, aggregate_id), []))

    def version(self, key: Key) -> int:
        return len(self.events.get(key, []))


@dataclass
class Writing:
    """One request on its way: decided on what it saw, appended some time later."""

    parts: Sequence[Part]
    seen: dict[Key, int]
    decided: dict[Key, list[Any]]

    @classmethod
    def decide(cls, log: Log, parts: Sequence[Part]) -> "Writing | None":
        try:
            decided = {
                (decider.aggregate, name): decider.decide(command, log.state(decider, name))
                for decider, name, command in parts
            }
        except REFUSALS:
            return None
        return cls(parts, {key: log.version(key) for key in decided}, decided)

    def append(self, log: Log) -> None:
        changed = {key: events for key, events in self.decided.items() if events}
        if all(log.version(key) == self.seen[key] for key in changed):
            for key, events in changed.items():
                log.events.setdefault(key, []).extend(events)


def granting(project: str, machines: Sequence[str], attempt: int) -> list[Part]:
    granted = tuple(
        GrantedMachine(
            vm_id=vm_id,
            name=vm_id,
            address=vm_id,
            role="web",
            ssh_host=vm_id,
            ssh_port=22,
            ssh_user="hcmp",
            host_key=f"key of {vm_id}",
        )
        for vm_id in machines
    )
    reserve = [
        (vm.DECIDER, vm_id, vm_commands.Reserve(project, "mina", "web", f"key of {vm_id}")) for vm_id in machines
    ]
    return [*reserve, (allocation.DECIDER, project, allocation.Grant("mina", attempt, granted))]


def releasing(log: Log, project: str, attempt: int) -> list[Part]:
    held = log.state(allocation.DECIDER, project)
    machines = held.machines if isinstance(held, allocation.Granted) else frozenset[str]()
    release = vm_commands.Release(project, "over")
    return [
        (allocation.DECIDER, project, allocation.Release(attempt, "over", machines)),
        *((vm.DECIDER, vm_id, release) for vm_id in machines),
    ]


def alone(vm_id: str, command: vm_commands.VmCommand) -> list[Part]:
    return [(vm.DECIDER, vm_id, command)]


machines_of = st.lists(st.sampled_from(MACHINES), min_size=1, max_size=3, unique=True)
one = st.sampled_from(MACHINES)
NOTHING: list[str] = []
VERBS = ("start", "finish", "quarantine", "vouch", "maintain", "return", "recycle", "retire", "register")
grants = st.tuples(st.just("grant"), st.sampled_from(PROJECTS), machines_of, st.integers(1, 2))
releases = st.tuples(st.just("release"), st.sampled_from(PROJECTS), st.just(NOTHING), st.integers(1, 2))
assignments = st.tuples(st.just("assign"), st.sampled_from(PROJECTS), machines_of, st.just(0))
others = st.tuples(st.sampled_from(VERBS), st.just(""), one.map(lambda vm_id: [vm_id]), st.just(0))
# As many grants as all the rest together: what they fight over is what this is about.
actions = st.one_of(grants, grants, grants, releases, assignments, others)


def parts_of(log: Log, action: tuple[str, str, list[str], int]) -> list[Part]:
    verb, project, machines, attempt = action
    if verb == "grant":
        return granting(project, machines, attempt)
    if verb == "release":
        return releasing(log, project, attempt)
    if verb == "assign":
        return [(vm.DECIDER, vm_id, vm_commands.Assign(project)) for vm_id in machines]
    [vm_id] = machines
    commands: dict[str, vm_commands.VmCommand] = {
        "start": vm_commands.StartRecycle(),
        "finish": vm_commands.FinishRecycle(RECYCLED[vm_id]),
        "quarantine": vm_commands.Quarantine(Reason("broken")),
        "vouch": vm_commands.ReleaseQuarantine(),
        "maintain": vm_commands.StartMaintenance("disk"),
        "return": vm_commands.EndMaintenance(),
        "recycle": vm_commands.RecycleOnDemand(),
        "retire": vm_commands.Retire(Reason("old")),
        "register": vm_commands.Register(registered(vm_id)),
    }
    return alone(vm_id, commands[verb])


def holder_of(machine: Vm) -> str | None:
    return machine.holder if isinstance(machine, Reserved | Assigned) else None


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_interleaving_gives_a_machine_to_two_projects_or_loses_one(data: st.DataObject) -> None:
    log = Log({("vm", vm_id): [registered(vm_id)] for vm_id in MACHINES})
    on_their_way: list[Writing] = []
    decisions: st.SearchStrategy[Any] = st.booleans()
    for _ in range(STEPS):
        if on_their_way and data.draw(decisions):
            on_their_way.pop(data.draw(st.integers(0, len(on_their_way) - 1))).append(log)
        else:
            try:
                writing = Writing.decide(log, parts_of(log, data.draw(actions)))
            except vm_errors.VmNameTakenError:
                continue
            if writing is not None:
                on_their_way.append(writing)
        machines = {vm_id: log.state(vm.DECIDER, vm_id) for vm_id in MACHINES}
        granted = {
            project: state.machines
            for project in PROJECTS
            if isinstance(state := log.state(allocation.DECIDER, project), allocation.Granted)
        }
        claimed = Counter(vm_id for held in granted.values() for vm_id in held)
        assert not claimed or max(claimed.values()) == 1, "two projects were granted the same machine"
        for vm_id, machine in machines.items():
            holder = holder_of(machine)
            assert holder is None or vm_id in granted[holder], "held without being granted"
            assert vm_id not in claimed or holder is not None, "granted without being held"
        statuses = Counter(status_of(machine) for machine in machines.values())
        assert sum(statuses.values()) == len(MACHINES)
