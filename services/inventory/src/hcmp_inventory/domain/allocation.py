"""Which machines a project holds. Every attempt of a project gets exactly one answer: granted or denied. One that
waits is queued until then.

An attempt that ends before it was answered is closed by its release, so that no machine is granted to a
project that is over.
"""

from dataclasses import dataclass
from typing import assert_never

from hcmp_contracts.allocation import (
    AllocationDenied,
    AllocationEvent,
    AllocationGranted,
    AllocationQueued,
    AllocationReleased,
    GrantedMachine,
)
from hcmp_eventstore.decider import Decider
from hcmp_inventory.domain.placing import Wanted


@dataclass(frozen=True, slots=True)
class Grant:
    owner_id: str
    attempt: int
    machines: tuple[GrantedMachine, ...]


@dataclass(frozen=True, slots=True)
class Regrant:
    """Give an attempt the machines that the one before it holds, with others in the place of those that it lost.
    `fresh` unless they are the very same.
    """

    owner_id: str
    attempt: int
    machines: tuple[GrantedMachine, ...]
    held: frozenset[str]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """There are too few machines for an attempt that waits."""

    owner_id: str
    attempt: int
    wanted: tuple[Wanted, ...]
    available: int


@dataclass(frozen=True, slots=True)
class Deny:
    attempt: int
    needed: int
    available: int


@dataclass(frozen=True, slots=True)
class Release:
    """End this attempt. `machines` are those that are released together with it, by id."""

    attempt: int
    reason: str
    machines: frozenset[str]


AllocationCommand = Grant | Regrant | Queue | Deny | Release


@dataclass(frozen=True, slots=True)
class NoAllocation:
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Queued:
    """The attempt behind `attempt`, the last one that was answered, waits for machines."""

    attempt: int
    waiting: int
    needed: int
    available: int


@dataclass(frozen=True, slots=True)
class Granted:
    """`granted` are the machines as the run was told of them."""

    attempt: int
    granted: tuple[GrantedMachine, ...]

    @property
    def machines(self) -> frozenset[str]:
        return frozenset(machine.vm_id for machine in self.granted)


@dataclass(frozen=True, slots=True)
class Denied:
    attempt: int


@dataclass(frozen=True, slots=True)
class Released:
    attempt: int


Allocation = NoAllocation | Queued | Granted | Denied | Released


class AttemptAnsweredError(Exception):
    """The attempt has had its answer, or is over; nothing more happens for it."""

    def __init__(self, attempt: int) -> None:
        super().__init__(f"attempt {attempt} has been answered")
        self.attempt = attempt


class StillHeldError(Exception):
    """The project still holds the machines of an earlier attempt."""

    def __init__(self, attempt: int) -> None:
        super().__init__(f"the machines of attempt {attempt} are still held")
        self.attempt = attempt


class AllocationMovedError(Exception):
    """The machines that the project holds are others than those to be released with it."""


def decide(command: AllocationCommand, allocation: Allocation) -> list[AllocationEvent]:
    match command:
        case Grant():
            return _grant(command, allocation)
        case Regrant():
            return _regrant(command, allocation)
        case Queue():
            return _queue(command, allocation)
        case Deny():
            return _deny(command, allocation)
        case Release():
            return _release(command, allocation)
        case _:
            assert_never(command)


def _grant(command: Grant, allocation: Allocation) -> list[AllocationEvent]:
    _refuse_answered(command.attempt, allocation)
    return [AllocationGranted(owner_id=command.owner_id, attempt=command.attempt, machines=list(command.machines))]


def _regrant(command: Regrant, allocation: Allocation) -> list[AllocationEvent]:
    if command.attempt <= allocation.attempt:
        raise AttemptAnsweredError(command.attempt)
    if not isinstance(allocation, Granted) or allocation.machines != command.held:
        raise AllocationMovedError
    machines = list(command.machines)
    return [
        AllocationGranted(
            owner_id=command.owner_id, attempt=command.attempt, machines=machines, fresh=command.fresh
        )
    ]


def _queue(command: Queue, allocation: Allocation) -> list[AllocationEvent]:
    _refuse_answered(command.attempt, allocation)
    match allocation:
        case Queued(waiting=command.attempt, available=command.available):
            return []
        case _:
            return [
                AllocationQueued(
                    owner_id=command.owner_id,
                    attempt=command.attempt,
                    needed=len(command.wanted),
                    available=command.available,
                    roles=[wanted.role for wanted in command.wanted],
                    labels={wanted.role: dict(wanted.labels) for wanted in command.wanted if wanted.labels},
                )
            ]


def _deny(command: Deny, allocation: Allocation) -> list[AllocationEvent]:
    _refuse_answered(command.attempt, allocation)
    return [AllocationDenied(attempt=command.attempt, needed=command.needed, available=command.available)]


def _refuse_answered(attempt: int, allocation: Allocation) -> None:
    if attempt <= allocation.attempt:
        raise AttemptAnsweredError(attempt)
    if isinstance(allocation, Granted):
        raise StillHeldError(allocation.attempt)


def _release(command: Release, allocation: Allocation) -> list[AllocationEvent]:
    match allocation:
        case Granted() if command.attempt >= allocation.attempt:
            if command.machines != allocation.machines:
                raise AllocationMovedError
        case _ if command.attempt <= allocation.attempt:
            raise AttemptAnsweredError(command.attempt)
        case _ if command.machines:
            raise AllocationMovedError
        case _:
            pass
    return [AllocationReleased(reason=command.reason, attempt=command.attempt)]


def evolve(allocation: Allocation, event: AllocationEvent) -> Allocation:
    match event:
        case AllocationGranted():
            return Granted(event.attempt, tuple(event.machines))
        case AllocationQueued():
            return Queued(allocation.attempt, event.attempt, event.needed, event.available)
        case AllocationDenied():
            return Denied(event.attempt)
        case AllocationReleased():
            return Released(event.attempt)
        case _:
            assert_never(event)


DECIDER: Decider[AllocationCommand, Allocation, AllocationEvent] = Decider(
    aggregate="allocation", initial=NoAllocation(), decide=decide, evolve=evolve
)
