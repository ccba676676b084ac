"""Facts about the whole installation. There is one such aggregate, with the id `platform`."""

from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent


class FactoryResetRequested(DomainEvent):
    """From here on every part forgets projects, machines, logs and recordings; accounts stay.

    `backup` is the file in which all of that was kept before, on the inventory's computer.
    """

    event_type: ClassVar[str] = "hcmp.system.factory-reset-requested.v1"
    backup: str | None = None


class FactoryResetCompleted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.system.factory-reset-completed.v1"
    projects: int
    machines: int
    backup: str | None = None


SystemEvent = FactoryResetRequested | FactoryResetCompleted
