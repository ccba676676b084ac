"""The whole installation: whether a factory reset is going on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from hcmp_contracts.system import (
    FactoryResetCompleted,
    FactoryResetRequested,
    MachinesChoice,
    SystemEvent,
    UncleanMachine,
)
from hcmp_eventstore.decider import Decider
from hcmp_inventory.domain.causes import Reason

PLATFORM = "platform"
# So many are told by name in one event; each machine's own history has its reason.
UNCLEAN_TOLD = 100


@dataclass(frozen=True, slots=True)
class RequestReset:
    backup: str | None = None
    machines: MachinesChoice = "recycle"


@dataclass(frozen=True, slots=True)
class CompleteReset:
    """`unclean` is why machines could not be cleaned, by their names."""

    projects: int
    machines: int
    unclean: Mapping[str, Reason] = field(default_factory=dict)


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
        case (CompleteReset(), Resetting(backup=backup)):
            return [_completed(command, backup)]
        case _:
            return []  # it is going on already, or it is over


def _completed(command: CompleteReset, backup: str | None) -> FactoryResetCompleted:
    told = sorted(command.unclean.items())[:UNCLEAN_TOLD]
    return FactoryResetCompleted(
        projects=command.projects,
        machines=command.machines,
        backup=backup,
        unclean_machines=len(command.unclean),
        unclean=[UncleanMachine(name=name, reason=why.text, causes=list(why.causes)) for name, why in told],
    )


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
