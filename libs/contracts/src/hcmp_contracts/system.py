"""Facts about the whole installation. There is one such aggregate, with the id `platform`."""

from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent


class FactoryResetRequested(DomainEvent):
    """From here on every part forgets projects, machines, logs and recordings; accounts stay."""

    event_type: ClassVar[str] = "hcmp.system.factory-reset-requested.v1"


class FactoryResetCompleted(DomainEvent):
    event_type: ClassVar[str] = "hcmp.system.factory-reset-completed.v1"
    projects: int
    machines: int


SystemEvent = FactoryResetRequested | FactoryResetCompleted
