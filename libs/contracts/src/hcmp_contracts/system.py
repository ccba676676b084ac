"""Facts about the whole installation. There is one such aggregate, with the id `platform`."""

from typing import ClassVar, Literal

from hcmp_contracts.envelope import DomainEvent

MachinesChoice = Literal["recycle", "forget"]


class FactoryResetRequested(DomainEvent):
    """From here on every part forgets projects, machines, logs and recordings; accounts stay.

    `backup` is the file in which all of that was kept before, on the inventory's computer. `machines` says what
    becomes of the machines themselves: their providers make them as if they had never been used, or they are left
    as they are.
    """

    event_type: ClassVar[str] = "hcmp.system.factory-reset-requested.v1"
    backup: str | None = None
    machines: MachinesChoice = "recycle"


class FactoryResetCompleted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.system.factory-reset-completed.v1"
    projects: int
    machines: int
    backup: str | None = None


SystemEvent = FactoryResetRequested | FactoryResetCompleted
