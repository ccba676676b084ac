"""What people and programs send to the auth service, and what it answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from hcmp_auth.domain.account import USERNAME_PATTERN
from hcmp_auth.domain.password import MAX_LENGTH, MIN_LENGTH
from hcmp_contracts.account import Role

# Text that is shown to others: no control characters, and none that turn the direction of what follows.
_SHOWN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"

Username = Annotated[str, StringConstraints(pattern=USERNAME_PATTERN)]
FullName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_SHOWN)]
Email = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f-\x9f]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
    ),
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_SHOWN)]
Target = Annotated[str, StringConstraints(pattern=r"^/ws/[\x21-\x7e]{1,250}$")]
NewPassword = Annotated[SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH)]

AccountStatus = Literal["pending", "active", "suspended"]


class Given(BaseModel):
    """Strict going in: a field that nobody knows is a mistake to tell of."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RegistrationForm(Given):
    username: Username
    password: NewPassword
    full_name: FullName
    email: Email


class RegisteredAccount(BaseModel):
    id: UUID
    username: str
    status: Literal["pending"] = "pending"


class LoginForm(Given):
    username: Annotated[str, Field(min_length=1, max_length=128)]
    password: GivenPassword


class SignedInAccount(BaseModel):
    id: UUID
    username: str
    role: Role
    status: AccountStatus


class SignedInBody(BaseModel):
    """The refresh token is not in it: it is a cookie that no script can read."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - RFC 6750's word
    expires_in: int
    account: SignedInAccount


class PasswordChange(Given):
    current_password: GivenPassword
    new_password: NewPassword


class OwnSession(BaseModel):
    """`current`: the one that asks."""

    id: UUID
    started_at: datetime
    expires_at: datetime
    current: bool


class OwnSessions(BaseModel):
    """The newest first."""

    sessions: list[OwnSession]


class SessionEnd(Given):
    """One's own password, asked for again."""

    password: GivenPassword


class TicketRequest(Given):
    """`target` is the path of the one WebSocket that the ticket is for; without it, any."""

    target: Target | None = None


class Ticket(BaseModel):
    ticket: str
    expires_in: int


class AccountBody(BaseModel):
    id: UUID
    username: str
    full_name: str
    email: str
    role: Role
    status: AccountStatus
    machine_quota: int
    run_quota: int
    suspension_reason: str | None
    registered_at: datetime


class AccountPage(BaseModel):
    """Those who wait for approval first, then by name."""

    accounts: list[AccountBody]
    next_cursor: str | None


class SuspensionForm(Given):
    reason: Reason = ""


class AccountChange(Given):
    """What is absent stays as it is."""

    role: Role | None = None
    machine_quota: Annotated[int, Field(ge=0, le=10_000)] | None = None
    run_quota: Annotated[int, Field(ge=0, le=1_000)] | None = None


class Jwk(BaseModel):
    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class Jwks(BaseModel):
    keys: list[Jwk]


class TicketQuestion(Given):
    """What another service asks over the broker when a WebSocket brings a ticket."""

    ticket: Annotated[str, Field(max_length=200)]
    target: Annotated[str, Field(max_length=2000)]


PublicKey = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^ssh-ed25519 [A-Za-z0-9+/=]+( [\x21-\x7e]*)?$")
]
Named = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$")]
# OpenSSH's SSHKEY_CERT_MAX_PRINCIPALS.
MAX_PRINCIPALS = 256


class RunCertificateQuestion(Given):
    """What a worker asks for the machines that a project holds."""

    project_id: UUID
    public_key: PublicKey


class SessionCertificateQuestion(Given):
    """What the terminal asks before it opens a shell for an account."""

    vm_id: UUID
    account_id: UUID
    public_key: PublicKey


class ProbeCertificateQuestion(Given):
    """What the inventory asks for machines of these names, in the pool or about to be."""

    machines: Annotated[list[Named], Field(min_length=1, max_length=MAX_PRINCIPALS)]
    public_key: PublicKey


class PasswordQuestion(Given):
    """What another service asks before something grave."""

    account_id: UUID
    password: GivenPassword
