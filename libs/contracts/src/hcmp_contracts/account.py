"""Facts about accounts. No event holds a password or anything derived from one."""

from enum import StrEnum
from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent


class Role(StrEnum):
    """What an account may do: operate the platform, own projects, or only look."""

    ADMIN = "admin"
    USER = "user"
    VIEWER = "viewer"


# What accounts that were registered before there was this quota have.
FORMER_RUN_QUOTA = 10


class AccountRegistered(DomainEvent):
    event_type: ClassVar[str] = "hcmp.account.registered.v1"
    username: str
    full_name: str
    email: str
    role: Role
    machine_quota: int
    run_quota: int = FORMER_RUN_QUOTA


class AccountApproved(DomainEvent):
    event_type: ClassVar[str] = "hcmp.account.approved.v1"


class AccountSuspended(DomainEvent):
    event_type: ClassVar[str] = "hcmp.account.suspended.v1"
    reason: str


class AccountReactivated(DomainEvent):
    event_type: ClassVar[str] = "hcmp.account.reactivated.v1"


class AccountRoleChanged(DomainEvent):
    event_type: ClassVar[str] = "hcmp.account.role-changed.v1"
    before: Role
    after: Role


class AccountQuotaChanged(DomainEvent):
    """How many machines the account may hold at once."""

    event_type: ClassVar[str] = "hcmp.account.quota-changed.v1"
    before: int
    after: int


class AccountRunQuotaChanged(DomainEvent):
    """How many runs of the account may be under way at once."""

    event_type: ClassVar[str] = "hcmp.account.run-quota-changed.v1"
    before: int
    after: int


class AccountPasswordChanged(DomainEvent):
    event_type: ClassVar[str] = "hcmp.account.password-changed.v1"


class AccountSessionsRevoked(DomainEvent):
    """Every session that began before this event is over."""

    event_type: ClassVar[str] = "hcmp.account.sessions-revoked.v1"
    reason: str


AccountEvent = (
    AccountRegistered
    | AccountApproved
    | AccountSuspended
    | AccountReactivated
    | AccountRoleChanged
    | AccountQuotaChanged
    | AccountRunQuotaChanged
    | AccountPasswordChanged
    | AccountSessionsRevoked
)
