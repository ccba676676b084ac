"""What the inventory's routes take and give."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from hcmp_contracts.cause import Cause
from hcmp_contracts.system import MachinesChoice
from hcmp_contracts.vm import Drifting
from hcmp_inventory.domain.vm_situations import VmStatus

_LABEL = r"^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _as_utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def stored_whole(secret: SecretStr) -> SecretStr:
    if "\0" in secret.get_secret_value():
        raise ValueError("NUL is not allowed")
    return secret


Line = Annotated[str, AfterValidator(_one_line)]
Utc = Annotated[datetime, AfterValidator(_as_utc)]
NAME = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
MachineName = Annotated[str, Field(pattern=NAME, examples=["web-01"])]
Host = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
        r"|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$",
        examples=["10.0.0.21", "web-01.example.org"],
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
USER_NAME = r"^[A-Za-z_][A-Za-z0-9_.-]{0,31}$"
UserName = Annotated[str, Field(pattern=USER_NAME, examples=["hcmp"])]
Certificate = Annotated[
    str,
    Field(
        max_length=20_000,
        pattern=r"^[a-z0-9@.-]+-cert-v01@openssh\.com [A-Za-z0-9+/=]+( [^\r\n]*)?\s*$",
        description="the OpenSSH certificate of the private key, one line",
    ),
]
Labels = Annotated[
    dict[Annotated[str, Field(pattern=_LABEL)], Annotated[Line, Field(max_length=200)]], Field(max_length=32)
]
Reason = Annotated[Line, Field(min_length=1, max_length=500)]


class Body(BaseModel):
    """What a caller sends: nothing beyond what is asked for."""

    model_config = ConfigDict(extra="forbid")


class NewMachineBody(Body):
    """`credential` is a password or a private key (OpenSSH or PEM); without it the machine must trust the
    platform's SSH certificate authority. `ssh_host` is for a machine that the platform reaches elsewhere than at
    the address that people use.
    """

    name: MachineName
    address: Host
    ssh_host: Host | None = None
    ssh_port: Port = 22
    ssh_user: UserName = "hcmp"
    exporter_port: Port = 9100
    credential: (
        Annotated[SecretStr, Field(min_length=1, max_length=20_000), AfterValidator(stored_whole)] | None
    ) = None
    certificate: Certificate | None = None
    labels: Labels = Field(default_factory=dict)

    @model_validator(mode="after")
    def _certificate_of_a_key(self) -> Self:
        key = self.credential.get_secret_value() if self.credential else ""
        if self.certificate is not None and "-----BEGIN" not in key:
            raise ValueError("a certificate goes with the private key that it certifies")
        return self

    def secret(self) -> str | None:
        """What is kept to sign in with: the password, or the key and behind it its certificate."""
        if self.credential is None:
            return None
        key = self.credential.get_secret_value()
        return key if self.certificate is None else f"{key.rstrip()}\n{self.certificate.strip()}\n"


class LabelsBody(Body):
    labels: Labels


class MaintenanceBody(Body):
    reason: Reason


class StaticImport(Body):
    """Machines that stand in a list. CSV: the first row names the columns; a spreadsheet's semicolons, byte order
    mark and line ends are understood. YAML: a list of mappings. Columns: name, address, ssh_host, ssh_port,
    ssh_user, password, private_key, certificate, exporter_port, labels.<name>.
    """

    provider: Literal["static"]
    format: Literal["csv", "yaml"]
    content: Annotated[SecretStr, Field(min_length=1, max_length=500_000)]


class FailedRow(BaseModel):
    """`row` is the spreadsheet's number (its title is row 1), or the place in a YAML list. `type` is the problem's
    slug, `malformed-row` for a row that cannot be read; `detail` says the `causes` in English.
    """

    row: int
    name: str | None
    type: str
    detail: str
    causes: list[Cause] = Field(default_factory=list)


class ResetAccepted(BaseModel):
    """`backup` is the file that holds what is now destroyed, on the inventory's computer."""

    status: Literal["accepted"] = "accepted"
    backup: str | None


class ResetBody(Body):
    confirm: Literal["RESET"]
    machines: MachinesChoice = "recycle"
    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class Drifted(BaseModel):
    """Something of a machine that is not as it is recorded: `before` is what is recorded, `after` what was
    found.
    """

    what: Drifting
    before: str
    after: str
    at: Utc


class Machine(BaseModel):
    """A machine as operators see it. Its credential is never shown; `placement` is the hypervisor's host, and with
    `ssh_certificates` it lets the platform in by a certificate. `causes` say the `reason`, where a person did not.
    """

    id: str
    name: str
    address: str
    status: VmStatus
    provider: str
    provider_ref: str
    placement: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    exporter_host: str
    exporter_port: int
    host_key: str
    credential_set: bool
    ssh_certificates: bool
    labels: dict[str, str]
    project_id: str | None
    owner_id: str | None
    owner: str | None
    role: str | None
    reason: str | None
    causes: list[Cause]
    drift: list[Drifted]
    registered_at: Utc
    changed_at: Utc


class MachinePage(BaseModel):
    vms: list[Machine]
    next_cursor: str | None


class ImportedMachines(BaseModel):
    """`failures` says, by name, why a machine was not taken, as `failure_causes` do, and `failed_rows` which rows
    of a list were not; they stopped none of the others.
    """

    vms: list[Machine]
    failures: dict[str, str] = Field(default_factory=dict)
    failure_causes: dict[str, list[Cause]] = Field(default_factory=dict)
    failed_rows: list[FailedRow] = Field(default_factory=list)


class PoolMachine(BaseModel):
    """A machine as the pool shows it. Others' machines show members only their name and status: the rest is
    null, and so it is for every field that says nothing of a machine in this state.
    """

    id: str
    name: str
    status: VmStatus
    address: str | None
    provider: str | None
    project_id: str | None
    owner: str | None
    role: str | None
    reason: str | None
    causes: list[Cause] | None
    drift: list[Drifted] | None
    labels: dict[str, str] | None


class PoolCounts(BaseModel):
    available: int = 0
    provisioning: int = 0
    assigned: int = 0
    recycling: int = 0
    quarantined: int = 0
    maintenance: int = 0


class MaintenanceNotice(BaseModel):
    """`enabled`: no new project starts; `message` is what people are told."""

    enabled: bool
    message: str


class PoolAnswer(BaseModel):
    """`counts` are of the whole pool, `vms` one page of it; `maintenance` is always the present one."""

    counts: PoolCounts
    vms: list[PoolMachine]
    next_cursor: str | None
    maintenance: MaintenanceNotice


class TargetGroup(BaseModel):
    targets: list[str]
    labels: dict[str, str]
