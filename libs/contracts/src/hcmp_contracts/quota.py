"""Facts about what of its quotas an account uses. The aggregate's id is the account's id."""

from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent


class QuotaClaimed(DomainEvent):
    """A project of the account counts so many machines, and one run, against its quotas."""

    event_type: ClassVar[str] = "hcmp.quota.claimed.v1"
    project_id: str
    attempt: int
    machines: int


class QuotaRunEnded(DomainEvent):
    """The run no longer counts; its machines do."""

    event_type: ClassVar[str] = "hcmp.quota.run-ended.v1"
    project_id: str
    attempt: int


class QuotaReleased(DomainEvent):
    """Nothing of this attempt counts any more."""

    event_type: ClassVar[str] = "hcmp.quota.released.v1"
    project_id: str
    attempt: int


QuotaEvent = QuotaClaimed | QuotaRunEnded | QuotaReleased
