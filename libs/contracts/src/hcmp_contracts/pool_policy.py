"""Facts about the policies that keep the pool at its size. The aggregate's id follows from the policy's name."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import ProviderName


class PoolPolicySet(DomainEvent):
    """Of this provider's machines with these labels so many are kept ready, and at most `maximum` in all."""

    event_type: ClassVar[str] = "hcmp.pool-policy.set.v1"
    name: str
    provider: ProviderName
    minimum_ready: int
    maximum: int
    labels: dict[str, str] = Field(default_factory=dict)


class PoolPolicyRemoved(DomainEvent):
    """The pool is no longer kept so; its machines stay."""

    event_type: ClassVar[str] = "hcmp.pool-policy.removed.v1"


class PoolPolicyCreationFailed(DomainEvent):
    """The provider could not make what was missing, `failures` times in a row now; it is tried at `retry_at`.
    `causes` say the `reason`.
    """

    event_type: ClassVar[str] = "hcmp.pool-policy.creation-failed.v1"
    reason: str
    failures: int
    retry_at: datetime
    causes: list[Cause] = Field(default_factory=list)


class PoolPolicyRecovered(DomainEvent):
    """The provider made a machine again."""

    event_type: ClassVar[str] = "hcmp.pool-policy.recovered.v1"


PoolPolicyEvent = PoolPolicySet | PoolPolicyRemoved | PoolPolicyCreationFailed | PoolPolicyRecovered
