"""An account: who may sign in, as what, and with how many machines. Decides; knows no clock and no database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import assert_never
from uuid import UUID, uuid5

from hcmp_auth.domain.account_commands import (
    AccountCommand,
    Approve,
    ChangePassword,
    ChangeQuota,
    ChangeRole,
    ChangeRunQuota,
    Reactivate,
    Register,
    RevokeSessions,
    Suspend,
)
from hcmp_contracts.account import (
    AccountApproved,
    AccountEvent,
    AccountPasswordChanged,
    AccountQuotaChanged,
    AccountReactivated,
    AccountRegistered,
    AccountRoleChanged,
    AccountRunQuotaChanged,
    AccountSessionsRevoked,
    AccountSuspended,
    Role,
)
from hcmp_eventstore.decider import Decider

# Letters that cannot be mistaken for others', so that two names never look alike.
USERNAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"
_NAMES = UUID("5a0d6d0e-0a1c-5d5e-8c43-3d9d0b6f2f11")


def account_id_of(username: str) -> str:
    """The id follows from the name, so that the log itself keeps names unique."""
    return str(uuid5(_NAMES, username.casefold()))


class AccountError(Exception):
    """The root of every refusal below."""


class AccountNotFoundError(AccountError):
    pass


class UsernameTakenError(AccountError):
    def __init__(self, username: str) -> None:
        super().__init__(f"the name {username} is taken")
        self.username = username


class AccountNotActiveError(AccountError):
    """What was asked needs an active account; `status` says what this one is."""

    def __init__(self, username: str, status: str) -> None:
        super().__init__(f"the account {username} is {status}")
        self.username = username
        self.status = status


class LastAdminError(AccountError):
    """Without this account nobody could operate the platform any more."""

    def __init__(self, username: str) -> None:
        super().__init__(f"{username} is the last active admin")
        self.username = username


@dataclass(frozen=True)
class Details:
    """What is known of a registered account, whatever its situation."""

    username: str
    full_name: str
    email: str
    role: Role
    machine_quota: int
    run_quota: int


@dataclass(frozen=True)
class Unknown:
    """Nobody has registered this name."""


@dataclass(frozen=True)
class Pending:
    details: Details


@dataclass(frozen=True)
class Active:
    details: Details


@dataclass(frozen=True)
class Suspended:
    """Shut out; `approved` says what it returns to."""

    details: Details
    approved: bool


Registered = Pending | Active | Suspended
Account = Unknown | Registered

Happened = (
    AccountApproved
    | AccountSuspended
    | AccountReactivated
    | AccountRoleChanged
    | AccountQuotaChanged
    | AccountRunQuotaChanged
    | AccountPasswordChanged
    | AccountSessionsRevoked
)


def status_of(account: Registered) -> str:
    return type(account).__name__.lower()


def decide(command: AccountCommand, account: Account) -> list[AccountEvent]:
    if not isinstance(account, Unknown):
        return _decide_registered(command, account)
    if isinstance(command, Register):
        return [AccountRegistered(**vars(command))]
    raise AccountNotFoundError


def _decide_registered(command: AccountCommand, account: Registered) -> list[AccountEvent]:  # noqa: PLR0911
    match command:
        case Register():
            raise UsernameTakenError(account.details.username)
        case Approve():
            return _approve(account)
        case Suspend():
            return _suspend(command, account)
        case Reactivate():
            return [AccountReactivated()] if isinstance(account, Suspended) else []
        case ChangeRole():
            return _change_role(command, account)
        case ChangeQuota():
            return _change_quota(command, account)
        case ChangeRunQuota():
            return _change_run_quota(command, account)
        case ChangePassword():
            return _change_password(account)
        case RevokeSessions():
            return [AccountSessionsRevoked(reason=command.reason)]
        case _:
            assert_never(command)


def _approve(account: Registered) -> list[AccountEvent]:
    match account:
        case Pending():
            return [AccountApproved()]
        case Active():
            return []
        case Suspended():
            raise AccountNotActiveError(account.details.username, status_of(account))
        case _:
            assert_never(account)


def _suspend(command: Suspend, account: Registered) -> list[AccountEvent]:
    if isinstance(account, Suspended):
        return []
    _keep_one_admin(account, command.other_active_admins)
    return [AccountSuspended(reason=command.reason)]


def _change_role(command: ChangeRole, account: Registered) -> list[AccountEvent]:
    if command.role is account.details.role:
        return []
    _keep_one_admin(account, command.other_active_admins)
    return [AccountRoleChanged(before=account.details.role, after=command.role)]


def _change_quota(command: ChangeQuota, account: Registered) -> list[AccountEvent]:
    before = account.details.machine_quota
    if command.machine_quota == before:
        return []
    return [AccountQuotaChanged(before=before, after=command.machine_quota)]


def _change_run_quota(command: ChangeRunQuota, account: Registered) -> list[AccountEvent]:
    before = account.details.run_quota
    if command.run_quota == before:
        return []
    return [AccountRunQuotaChanged(before=before, after=command.run_quota)]


def _keep_one_admin(account: Registered, others: int) -> None:
    if isinstance(account, Active) and account.details.role is Role.ADMIN and others == 0:
        raise LastAdminError(account.details.username)


def _change_password(account: Registered) -> list[AccountEvent]:
    if not isinstance(account, Active):
        raise AccountNotActiveError(account.details.username, status_of(account))
    return [AccountPasswordChanged()]


def evolve(account: Account, event: AccountEvent) -> Account:
    if isinstance(event, AccountRegistered):
        return Pending(Details(**event.model_dump()))
    if not isinstance(account, Unknown):
        return _evolve_registered(account, event)
    raise AccountNotFoundError  # the log is damaged: nothing but a registration can be the first event


def _evolve_registered(account: Registered, event: Happened) -> Registered:  # noqa: PLR0911
    details = account.details
    match event:
        case AccountApproved():
            return Active(details)
        case AccountSuspended():
            return Suspended(details, approved=isinstance(account, Active))
        case AccountReactivated():
            return Pending(details) if isinstance(account, Suspended) and not account.approved else Active(details)
        case AccountRoleChanged():
            return replace(account, details=replace(details, role=event.after))
        case AccountQuotaChanged():
            return replace(account, details=replace(details, machine_quota=event.after))
        case AccountRunQuotaChanged():
            return replace(account, details=replace(details, run_quota=event.after))
        case AccountPasswordChanged() | AccountSessionsRevoked():
            return account
        case _:
            assert_never(event)


def decide_all(commands: Sequence[AccountCommand], account: Account) -> list[AccountEvent]:
    """Several commands for one account, each decided on what the one before made of it: all or none."""
    events: list[AccountEvent] = []
    for command in commands:
        decided = decide(command, account)
        account = reduce(evolve, decided, account)
        events += decided
    return events


ACCOUNT: Decider[Sequence[AccountCommand], Account, AccountEvent] = Decider(
    aggregate="account", initial=Unknown(), decide=decide_all, evolve=evolve
)
