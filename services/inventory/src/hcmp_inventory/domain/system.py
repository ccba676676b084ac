"""The whole installation: whether a factory reset is going on."""

from dataclasses import dataclass
from typing import assert_never

from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested, MachinesChoice, SystemEvent
from hcmp_eventstore.decider import Decider

PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class RequestReset:
    backup: str | None = None
    machines: MachinesChoice = "recycle"


@dataclass(frozen=True, slots=True)
class CompleteReset:
    projects: int
    machines: int


SystemCommand = RequestReset | CompleteReset


@dataclass(frozen=True, slots=True)
class InService:
    pass


@dataclass(frozen=True, slots=True)
class Resetting:
    backup: str | None = None
    machines: MachinesChoice = "recycle"


System = InService | Resetting


class ResetInProgressError(Exception):
    """The installation is being reset; nothing can be added to it before that has ended."""


def decide(command: SystemCommand, system: System) -> list[SystemEvent]:
    match (command, system):
        case (RequestReset(backup=backup, machines=choice), InService()):
            return [FactoryResetRequested(backup=backup, machines=choice)]
        case (CompleteReset(projects=projects, machines=machines), Resetting(backup=backup)):
            return [FactoryResetCompleted(projects=projects, machines=machines, backup=backup)]
        case _:
            return []  # it is going on already, or it is over


def evolve(_: System, event: SystemEvent) -> System:
    match event:
        case FactoryResetRequested(backup=backup, machines=machines):
            return Resetting(backup, machines)
        case FactoryResetCompleted():
            return InService()
        case _:
            assert_never(event)


DECIDER: Decider[SystemCommand, System, SystemEvent] = Decider(
    aggregate="system", initial=InService(), decide=decide, evolve=evolve
)
