"""Projects, machines and quotas over the real event store, against a plain model: whatever is asked in whatever
order, a machine belongs to one project at most, none is lost, and every situation is the one that people expect.

The model says in its own words what each order does. A rule runs the order through the real deciders and the real
log; the model says beforehand whether it is allowed. To extend it: a new order is a new rule, a new situation a
word in `Project.situation`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from uuid_utils.compat import uuid7

from hcmp_contracts.allocation import GrantedMachine
from hcmp_contracts.project import PlannedStep, RoleCount
from hcmp_contracts.vm import VmRecycled
from hcmp_eventstore.decider import Decider, Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import allocation, vm, vm_commands, vm_errors
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.vm_situations import Assigned, Reserved, status_of
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_provisioner.domain import commands, project_state, quota
from hcmp_provisioner.domain.errors import ProjectError
from hcmp_provisioner.domain.project import PROJECT
from hcmp_testkit.machines import registered
from hcmp_testkit.nats import NatsServer

CONTEXT = Context(actor="account/1", correlation_id="request-1")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
STEPS = tuple(PlannedStep(number=n, name=f"Step {n}", play="a.yml") for n in (1, 2))
NEEDED = 2
LIMITS = quota.Limits(machines=2 * NEEDED, runs=10)
ALLOCATION_REFUSALS = (
    allocation.AttemptAnsweredError,
    allocation.StillHeldError,
    allocation.AllocationMovedError,
    vm_errors.VmNotAvailableError,
)
VM_REFUSALS = (
    vm_errors.VmInUseError,
    vm_errors.VmWrongStatusError,
    vm_errors.VmUnknownError,
)
REFUSALS = (ProjectError, *ALLOCATION_REFUSALS, *VM_REFUSALS)

slots = st.sampled_from((0, 1, 2))
workers = st.sampled_from(("w1", "w1", "w1", "w2"))
numbers = st.sampled_from((0, 1, 2, 3, 4))
pairs = st.lists(numbers, min_size=NEEDED, max_size=NEEDED, unique=True)

RELEASED = ("failed", "cancelled", "rejected", "deleted")


@dataclass
class Project:
    """One project as people see it; `answered` is the last attempt that the inventory has dealt with."""

    id: str
    situation: str = "unknown"
    attempt: int = 1
    worker: str = ""
    finished: int = 0
    held: bool = False
    keeps: bool = False
    counts: bool = False
    machines: set[str] = field(default_factory=set)
    answered: int = 0
    denied: int = 0

    @property
    def asks(self) -> bool:
        """Whether the inventory has heard of an attempt that it has not answered."""
        return self.situation not in ("unknown", "waits for approval", "waits") and self.attempt > self.answered

    def becomes(self, situation: str, *, finished: int = 0, held: bool = False) -> None:
        self.situation, self.finished, self.held = situation, finished, held


@dataclass
class Machine:
    id: str
    status: str = "available"
    holder: str | None = None


# What an operator or the recycler asks of a machine: from which status to which. Elsewhere it is refused.
ORDERS: dict[str, tuple[vm_commands.VmCommand, dict[str, str]]] = {
    "maintain": (
        vm_commands.StartMaintenance("disk"),
        {"available": "maintenance", "maintenance": "maintenance"},
    ),
    "return": (vm_commands.EndMaintenance(), {"maintenance": "available", "available": "available"}),
    "quarantine": (
        vm_commands.Quarantine(Reason("broken")),
        dict.fromkeys(("available", "released", "recycling", "maintenance", "quarantined"), "quarantined"),
    ),
    "vouch": (vm_commands.ReleaseQuarantine(), {"quarantined": "available", "available": "available"}),
    "start": (
        vm_commands.StartRecycle(),
        {"released": "recycling"}
        | {s: s for s in ("available", "provisioning", "assigned", "recycling", "quarantined", "maintenance")},
    ),
}
WORDS = {"released": "recycling"}


def granted(vm_id: str) -> GrantedMachine:
    return GrantedMachine(
        vm_id=vm_id, name=vm_id, address=vm_id, role="web", ssh_host=vm_id, ssh_port=22, ssh_user="hcmp",
        host_key=f"key of {vm_id}",
    )  # fmt: skip


def some(*situations: str) -> Callable[[Callable[..., None]], Any]:
    """A rule that is worth trying only when a project is in one of these situations; on any of them, though."""
    return precondition(lambda self: any(project.situation in situations for project in self.projects))


class Platform(RuleBasedStateMachine):
    """One installation with five machines, one account, and three projects at a time."""

    server: NatsServer

    @initialize(stages=st.tuples(*[st.integers(0, 8)] * 3))
    def open(self, stages: tuple[int, int, int]) -> None:
        self.runner = asyncio.Runner()
        self.exits = AsyncExitStack()
        client = self.do(self.exits.enter_async_context(self.server.connect()))
        self.store = EventStore(client, source="test")
        self.allocations = Allocations(self.store)
        self.owner = uuid7().hex
        self.gone: list[Project] = []
        self.projects = [Project(uuid7().hex) for _ in range(3)]
        self.machines = [Machine(uuid7().hex) for _ in range(5)]
        self.register()
        for slot, stage in enumerate(stages):
            self.go_on(slot, stage)

    def teardown(self) -> None:
        self.do(self.exits.aclose())
        self.runner.close()

    def do(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(doing)

    def register(self) -> None:
        for machine in self.machines:
            self.order(True, vm.DECIDER, machine.id, vm_commands.Register(registered(machine.id)))
            machine.status, machine.holder = "available", None

    def told(self, allowed: bool, doing: Coroutine[Any, Any, Any]) -> bool:
        """Do it; whether it was done. It is exactly when the model says that it is allowed."""
        refusal: Exception | None = None
        try:
            self.do(doing)
        except REFUSALS as error:
            refusal = error
        assert allowed == (refusal is None), refusal or "this should have been refused"
        return allowed

    def order(self, allowed: bool, decider: Decider[Any, Any, Any], aggregate_id: str, command: Any) -> bool:
        return self.told(allowed, execute(self.store, [Decision(decider, aggregate_id, command)], CONTEXT))

    def tell(self, project: Project, command: commands.ProjectCommand, *, allowed: bool) -> bool:
        return self.order(allowed, PROJECT, project.id, command)

    # -- the account

    def affordable(self, project: Project) -> bool:
        others = [other for other in self.projects if other.counts and other is not project]
        return NEEDED * (len(others) + 1) <= LIMITS.machines

    def claiming(self, project: Project, command: commands.ProjectCommand, attempt: int, *, allowed: bool) -> bool:
        """An order and the claim that goes with it, in one append."""
        claim = quota.Claim(project.id, attempt, NEEDED, LIMITS)
        decisions: list[Decision[Any, Any, Any]] = [
            Decision(PROJECT, project.id, command),
            Decision(quota.QUOTA, self.owner, claim),
        ]
        done = self.told(allowed and self.affordable(project), execute(self.store, decisions, CONTEXT))
        project.counts = project.counts or done
        return done

    @some(*RELEASED)
    @rule(slot=slots)
    def settle_quota(self, slot: int) -> None:
        project = self.projects[slot]
        if project.situation in RELEASED and not project.held:
            self.order(True, quota.QUOTA, self.owner, quota.Release(project.id, project.attempt))
            project.counts = False

    # -- what happens without people

    @rule(slot=slots, times=st.integers(1, 3))
    def go_on(self, slot: int, times: int) -> None:  # noqa: C901 - one case a situation
        """The way that most projects go; by chance alone few would get far."""
        for _ in range(times):
            project = self.projects[slot]
            match project.situation:
                case "unknown":
                    self.request(slot, "open")
                case "waits for approval":
                    self.approve(slot)
                case "waits":
                    self.admit(slot)
                case "requested" if project.answered < project.attempt:
                    self.answer(slot)
                case "requested":
                    self.start(slot, "w1")
                case "configuring" if project.finished < len(STEPS):
                    self.finish_step(slot, project.worker)
                case "configuring":
                    self.complete(slot, project.worker)
                case "completed":
                    self.assign(slot)
                case "cancelling":
                    self.stop(slot)
                case "deleting":
                    self.finish_teardown(slot)
                case _:
                    self.end_hold(slot)
                    self.take_back(slot)
                    self.settle_quota(slot)

    def answer(self, slot: int) -> None:
        free = [number for number, machine in enumerate(self.machines) if machine.status == "available"]
        if self.projects[slot].keeps:
            self.grant_the_same(slot)
        elif len(free) >= NEEDED:
            self.grant(slot, free[:NEEDED])
        else:
            self.deny(slot)
            self.hear_denial(slot)

    @rule()
    def recycle(self) -> None:
        for number in range(len(self.machines)):
            if self.machines[number].status == "released":
                self.order_machine(number, "start")
                self.finish_recycle(number)

    # -- people

    @rule(slot=slots, gate=st.sampled_from(("open", "open", "approval", "closed")))
    def request(self, slot: int, gate: str) -> None:
        project = self.projects[slot]
        command = commands.Request(
            "shop", self.owner, "kim", "t", (), {}, (RoleCount(name="web", count=NEEDED),), STEPS, None, "d",
            held_back=gate != "open", needs_approval=gate == "approval",
        )  # fmt: skip
        unknown = project.situation == "unknown"
        if gate != "open":
            if self.tell(project, command, allowed=unknown):
                project.becomes("waits for approval" if gate == "approval" else "waits")
        elif self.claiming(project, command, 1, allowed=unknown):
            project.becomes("requested")

    @some("waits for approval", "waits")
    @rule(slot=slots)
    def approve(self, slot: int) -> None:
        project = self.projects[slot]
        if self.tell(project, commands.Approve(), allowed=project.situation in ("waits for approval", "waits")):
            project.becomes("waits")

    @some("waits for approval", "waits")
    @rule(slot=slots)
    def refuse(self, slot: int) -> None:
        project = self.projects[slot]
        if self.tell(project, commands.Refuse("no"), allowed=project.situation == "waits for approval"):
            project.becomes("rejected")

    @some("waits for approval", "waits")
    @rule(slot=slots)
    def admit(self, slot: int) -> None:
        project = self.projects[slot]
        if self.claiming(project, commands.Admit(), 1, allowed=project.situation == "waits"):
            project.becomes("requested")

    @some("waits for approval", "waits", "requested", "configuring", "cancelling")
    @rule(slot=slots)
    def cancel(self, slot: int) -> None:
        project = self.projects[slot]
        waits = project.situation in ("waits for approval", "waits")
        stops = project.situation in ("requested", "configuring")
        already = project.situation in ("cancelling", "cancelled")
        if self.tell(project, commands.RequestCancel(), allowed=waits or stops or already) and not already:
            project.becomes("cancelled" if waits else "cancelling", finished=project.finished)

    @some("failed", "cancelled")
    @rule(slot=slots, late=st.booleans())
    def retry(self, slot: int, late: bool) -> None:
        """`late`: when the hold is over, though nobody has said so yet."""
        project = self.projects[slot]
        now = NOW + timedelta(minutes=2 if late else 0)
        if self.claiming(
            project,
            commands.RequestRetry(now),
            project.attempt + 1,
            allowed=project.situation in ("failed", "cancelled"),
        ):
            project.keeps = project.held and not late
            project.attempt += 1
            project.becomes("requested", finished=project.finished if project.keeps else 0)

    @some("completed", "failed", "cancelled", "rejected", "deleting")
    @rule(slot=slots)
    def delete(self, slot: int) -> None:
        project = self.projects[slot]
        over = project.situation in ("completed", "failed", "cancelled", "rejected")
        already = project.situation in ("deleting", "deleted")
        if self.tell(project, commands.StartTeardown("asked"), allowed=over or already) and not already:
            project.becomes("deleting")

    @rule(sure=st.booleans())
    def reset(self, sure: bool) -> None:
        """Everything ends: projects are erased, machines leave and are registered anew."""
        if not sure:
            return
        for project in self.projects:
            self.tell(project, commands.Erase(), allowed=True)
            if project.situation != "unknown":
                project.becomes("deleted")
            self.do(self.allocations.release(project.id, project.attempt, "reset", CONTEXT))
            self.order(True, quota.QUOTA, self.owner, quota.Release(project.id, project.attempt))
            project.counts, project.machines = False, set()
        for machine in self.machines:
            self.order(True, vm.DECIDER, machine.id, vm_commands.Retire(Reason("reset"), even_if_busy=True))
        self.register()
        self.gone += self.projects
        self.projects = [Project(uuid7().hex) for _ in range(3)]

    # -- the worker

    @some("requested", "configuring", "cancelling")
    @rule(slot=slots, worker=workers)
    def start(self, slot: int, worker: str) -> None:
        project = self.projects[slot]
        if not project.machines or project.answered != project.attempt:
            return  # no worker hears of it
        command = commands.StartRun(project.attempt, worker, fresh=not project.keeps)
        if self.tell(project, command, allowed=project.situation in ("requested", "configuring")):
            project.becomes("configuring", finished=project.finished)
            project.worker = worker

    def runs(self, project: Project, worker: str) -> bool:
        return project.situation == "configuring" and project.worker == worker

    @some("configuring")
    @rule(slot=slots, worker=workers)
    def finish_step(self, slot: int, worker: str) -> None:
        project = self.projects[slot]
        number = project.finished + 1
        due = self.runs(project, worker) and number <= len(STEPS)
        if self.tell(project, commands.StartStep(worker, number), allowed=due):
            self.tell(project, commands.FinishStep(worker, number), allowed=True)
            project.finished = number

    @some("configuring")
    @rule(slot=slots, worker=workers)
    def complete(self, slot: int, worker: str) -> None:
        project = self.projects[slot]
        done = self.runs(project, worker) and project.finished == len(STEPS)
        if self.tell(project, commands.Complete(worker, 1), allowed=done):
            project.becomes("completed")

    @some("configuring")
    @rule(slot=slots, worker=workers, hold=st.booleans())
    def fail(self, slot: int, worker: str, hold: bool) -> None:
        project = self.projects[slot]
        command = commands.Fail(worker, "why", 1, held_until=NOW + timedelta(minutes=1) if hold else None)
        if self.tell(project, command, allowed=self.runs(project, worker)):
            project.becomes("failed", finished=project.finished, held=hold)

    @some("cancelling")
    @rule(slot=slots)
    def stop(self, slot: int) -> None:
        project = self.projects[slot]
        command = commands.Cancel(project.attempt, 1)
        if self.tell(project, command, allowed=project.situation == "cancelling"):
            project.becomes("cancelled")

    @some("failed")
    @rule(slot=slots)
    def end_hold(self, slot: int) -> None:
        project = self.projects[slot]
        self.tell(project, commands.EndHold(project.attempt), allowed=True)
        if project.held:
            project.becomes("failed")

    @some("deleting")
    @rule(slot=slots)
    def finish_teardown(self, slot: int) -> None:
        project = self.projects[slot]
        self.tell(project, commands.Delete(), allowed=True)
        if project.situation == "deleting":
            project.becomes("deleted")

    # -- the inventory, which hears of all this some time later

    @some("requested", "cancelling")
    @rule(slot=slots, picks=pairs)
    def grant(self, slot: int, picks: list[int]) -> None:
        """What was picked may be anybody's by now, and the project may be over."""
        project, picked = self.projects[slot], [self.machines[pick] for pick in picks]
        if project.situation in ("unknown", "waits for approval", "waits"):
            return
        attempt = Attempt(project.id, self.owner, project.attempt)
        free = all(machine.status == "available" for machine in picked)
        if self.told(
            project.asks and not project.machines and free,
            self.allocations.grant(attempt, [granted(machine.id) for machine in picked], CONTEXT),
        ):
            project.answered, project.keeps = project.attempt, False
            project.machines = {machine.id for machine in picked}
            for machine in picked:
                machine.status, machine.holder = "provisioning", project.id

    @some("requested")
    @rule(slot=slots)
    def grant_the_same(self, slot: int) -> None:
        project = self.projects[slot]
        if not (project.keeps and project.asks and project.machines):
            return
        held = self.do(self.allocations.state(project.id))
        attempt = Attempt(project.id, self.owner, project.attempt)
        self.told(True, self.allocations.regrant(attempt, held, held.granted, [], CONTEXT))
        project.answered = project.attempt

    @some("requested")
    @rule(slot=slots)
    def deny(self, slot: int) -> None:
        project = self.projects[slot]
        if project.situation in ("unknown", "waits for approval", "waits"):
            return
        attempt = Attempt(project.id, self.owner, project.attempt)
        if self.told(
            project.asks and not project.machines,
            self.allocations.deny(attempt, needed=NEEDED, available=0, context=CONTEXT),
        ):
            project.answered = project.denied = project.attempt

    @some("requested", "cancelling")
    @rule(slot=slots)
    def hear_denial(self, slot: int) -> None:
        project = self.projects[slot]
        if project.denied != project.attempt:
            return
        command = commands.Reject(project.attempt, NEEDED, 0)
        if self.tell(project, command, allowed=project.situation != "cancelling") and (
            project.situation == "requested"
        ):
            project.becomes("rejected" if project.attempt == 1 else "failed")

    @some(*RELEASED)
    @rule(slot=slots)
    def take_back(self, slot: int) -> None:
        project = self.projects[slot]
        if project.situation not in RELEASED or project.held:
            return
        self.do(self.allocations.release(project.id, project.attempt, "over", CONTEXT))
        project.answered = max(project.answered, project.attempt)
        for machine in self.machines:
            if machine.holder == project.id:
                machine.status, machine.holder = "released", None
        project.machines = set()

    @some("completed")
    @rule(slot=slots)
    def assign(self, slot: int) -> None:
        project = self.projects[slot]
        if project.situation == "completed":
            self.do(self.allocations.assign(project.id, project.attempt, CONTEXT))
            for machine in self.machines:
                if machine.holder == project.id:
                    machine.status = "assigned"

    # -- operators and the recycler

    @rule(number=numbers, name=st.sampled_from(sorted(ORDERS)))
    def order_machine(self, number: int, name: str) -> None:
        machine = self.machines[number]
        command, leads_to = ORDERS[name]
        if self.order(machine.status in leads_to, vm.DECIDER, machine.id, command):
            machine.status = leads_to[machine.status]

    @rule(number=numbers)
    def finish_recycle(self, number: int) -> None:
        machine = self.machines[number]
        facts = registered(machine.id)
        result = VmRecycled(**{name: getattr(facts, name) for name in VmRecycled.model_fields})
        allowed = machine.status in ("recycling", "available")
        if self.order(allowed, vm.DECIDER, machine.id, vm_commands.FinishRecycle(result)):
            machine.status = "available"

    # -- what holds after every step

    @invariant()
    def each_machine_belongs_to_one_project_at_most_and_none_is_lost(self) -> None:
        loaded = self.do(self.load_all(vm.DECIDER, [machine.id for machine in self.machines]))
        assert len(loaded) == len(self.machines)
        for machine, found in zip(self.machines, loaded, strict=True):
            assert status_of(found) == WORDS.get(machine.status, machine.status)
            assert (found.holder if isinstance(found, Reserved | Assigned) else None) == machine.holder
        holders = [(machine.id, machine.holder) for machine in self.machines if machine.holder]
        allocated = self.do(self.load_all(allocation.DECIDER, [project.id for project in self.projects]))
        claims = [
            (vm_id, project.id)
            for project, found in zip(self.projects, allocated, strict=True)
            if isinstance(found, allocation.Granted)
            for vm_id in found.machines
        ]
        assert sorted(claims) == sorted(holders)

    @invariant()
    def every_project_is_what_the_model_says(self) -> None:
        everything = self.projects + self.gone
        loaded = self.do(self.load_all(PROJECT, [project.id for project in everything]))
        for project, found in zip(everything, loaded, strict=True):
            assert situation_of(found) == project.situation
            if isinstance(found, project_state.Unknown):
                continue
            assert found.details.attempt == project.attempt
            if isinstance(found, project_state.Configuring):
                assert (found.worker, found.finished) == (project.worker, project.finished)
            if isinstance(found, project_state.Failed):
                assert (found.held_until is not None) == project.held

    @invariant()
    def exactly_what_was_claimed_counts(self) -> None:
        counted = self.do(load(self.store, quota.QUOTA, self.owner)).state.counted
        assert set(counted) == {project.id for project in self.projects if project.counts}
        assert sum(claim.machines for claim in counted.values()) <= LIMITS.machines

    async def load_all(self, decider: Decider[Any, Any, Any], ids: list[str]) -> list[Any]:
        return [loaded.state for loaded in await asyncio.gather(*(load(self.store, decider, id_) for id_ in ids))]


def situation_of(project: project_state.Project) -> str:
    if isinstance(project, project_state.HeldBack):
        return "waits for approval" if project.needs_approval else "waits"
    return type(project).__name__.lower()


def test_no_order_of_commands_gives_a_machine_away_twice_or_leaves_the_model(nats_server: NatsServer) -> None:
    machine = type("PlatformOnThisServer", (Platform,), {"server": nats_server})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
