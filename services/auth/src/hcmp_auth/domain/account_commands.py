"""What can be asked of an account: orders, in the imperative. Facts about other accounts arrive in them."""

from dataclasses import dataclass

from hcmp_contracts.account import Role


@dataclass(frozen=True)
class Register:
    username: str
    full_name: str
    email: str
    role: Role
    machine_quota: int
    run_quota: int


@dataclass(frozen=True)
class Approve:
    pass


@dataclass(frozen=True)
class Suspend:
    reason: str
    other_active_admins: int


@dataclass(frozen=True)
class Reactivate:
    pass


@dataclass(frozen=True)
class ChangeRole:
    role: Role
    other_active_admins: int


@dataclass(frozen=True)
class ChangeQuota:
    machine_quota: int


@dataclass(frozen=True)
class ChangeRunQuota:
    run_quota: int


@dataclass(frozen=True)
class ChangePassword:
    pass


@dataclass(frozen=True)
class RevokeSessions:
    reason: str


AccountCommand = (
    Register
    | Approve
    | Suspend
    | Reactivate
    | ChangeRole
    | ChangeQuota
    | ChangeRunQuota
    | ChangePassword
    | RevokeSessions
)
