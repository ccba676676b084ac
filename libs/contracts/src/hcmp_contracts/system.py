"""Facts about the whole installation. There is one such aggregate, with the id `platform`."""

from typing import ClassVar, Literal

from pydantic import Field

from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent, Fact

MachinesChoice = Literal["recycle", "forget"]


class FactoryResetRequested(DomainEvent):
    """From here on every part forgets projects, machines, logs and recordings; accounts stay.

    `backup` is the file in which all of that was kept before, on the inventory's computer. `machines` says what
    becomes of the machines themselves: their providers make them as if they had never been used, those that were
    added by hand are cleaned, or they are left as they are.
    """

    event_type: ClassVar[str] = "hcmp.system.factory-reset-requested.v1"
    backup: str | None = None
    machines: MachinesChoice = "recycle"


class UncleanMachine(Fact):
    """A machine that left the pool with a project's things on it, and why it could not be cleaned."""

    name: str
    reason: str
    causes: list[Cause] = Field(default_factory=list)


class FactoryResetCompleted(DomainEvent):
    """All is gone. `unclean_machines` is how many of the machines that were to be cleaned were not; `unclean` are
    the first of them by name, each of which its own `retired` tells too.
    """

    event_type: ClassVar[str] = "hcmp.system.factory-reset-completed.v1"
    projects: int
    machines: int
    backup: str | None = None
    unclean_machines: int = 0
    unclean: list[UncleanMachine] = Field(default_factory=list)


SystemEvent = FactoryResetRequested | FactoryResetCompleted
