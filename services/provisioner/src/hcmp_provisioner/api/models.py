"""What requests and answers look like. Strict going in."""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from hcmp_contracts.envelope import CloudEvent
from hcmp_contracts.project import HostFailure, HostResult
from hcmp_provisioner.domain.explanation import QuotaOf, WaitingReason
from hcmp_provisioner.domain.template import ApprovalPolicy, Language, Template
from hcmp_provisioner.projections.accounts import Usage
from hcmp_provisioner.projections.explained import Explained
from hcmp_provisioner.projections.project_view import MachineView, ProjectView

Status = Literal["requested", "configuring", "completed", "failed", "cancelled", "deleting", "deleted", "rejected"]
StepStatus = Literal["pending", "running", "succeeded", "failed", "cancelled"]

ProjectName = Annotated[str, StringConstraints(pattern=r"^[^\W_][\w .-]{0,62}$")]
Package = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]{0,63}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
VariableValue = Annotated[str, StringConstraints(max_length=1000)]
Days = Annotated[int, Field(ge=1, le=365)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProvisionBody(Body):
    """`lease_days`: how long the project may keep its machines; absent: until it is deleted. `wait`: rather than
    be refused, wait until maintenance is over and quota and machines suffice. `dry_run`: only show what would
    change (Ansible's check mode with diff).
    """

    name: ProjectName
    template: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    packages: Annotated[list[Package], Field(max_length=100)] = []
    lease_days: Days | None = None
    variables: Annotated[dict[VariableName, VariableValue], Field(max_length=30)] = {}
    dry_run: bool = False
    wait: bool = False

    def digest(self) -> str:
        """Tells a repeated request from another one under the same Idempotency-Key."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class RefusalBody(Body):
    """`reason` is a sentence for the project's owner."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class LeaseBody(Body):
    days: Days


class RoleAnswer(BaseModel):
    name: str
    count: int
    labels: dict[str, str]


class TemplateStepAnswer(BaseModel):
    number: int
    name: str


class VariableAnswer(BaseModel):
    name: str
    description: str
    default: str
    pattern: str


class TemplateAnswer(BaseModel):
    id: str
    title: str
    description: str
    roles: list[RoleAnswer]
    steps: list[TemplateStepAnswer]
    variables: list[VariableAnswer]
    approval: ApprovalPolicy
    typical_seconds: float | None

    @classmethod
    def of(
        cls, template: Template, language: Language, *, approval: ApprovalPolicy, typical_seconds: float | None
    ) -> "TemplateAnswer":
        return cls(
            id=template.id,
            title=template.title.read_in(language),
            description=template.description.read_in(language),
            roles=[RoleAnswer(**role.model_dump()) for role in template.roles],
            steps=[
                TemplateStepAnswer(number=number, name=step.name.read_in(language))
                for number, step in enumerate(template.steps, start=1)
            ],
            variables=[
                VariableAnswer(
                    name=name,
                    description=variable.description.read_in(language),
                    default=variable.default,
                    pattern=variable.pattern,
                )
                for name, variable in template.variables.items()
            ],
            approval=approval,
            typical_seconds=typical_seconds,
        )


class TemplatesAnswer(BaseModel):
    templates: list[TemplateAnswer]


class MachineAnswer(BaseModel):
    """`lost_at`: since then the machine is gone for good, deleted in its provider for one."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    address: str
    role: str
    lost_at: AwareDatetime | None
    lost_reason: str | None

    @classmethod
    def of(cls, machine: MachineView) -> "MachineAnswer":
        return cls.model_validate(machine)


class StepAnswer(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int
    name: str
    status: StepStatus
    attempt: int
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_seconds: float | None
    hosts: list[HostResult]
    failures: list[HostFailure]


class FailureAnswer(BaseModel):
    """`reason` is a slug; `step` is absent when no step had begun; `failures` are each machine's own."""

    reason: str
    detail: str
    step: int | None
    failures: list[HostFailure]


class WaitingAnswer(BaseModel):
    """Why a project waits; the figures are those of its reason, null where they say nothing. `resource` says which
    quota it is, for the reason `quota`.
    """

    model_config = ConfigDict(from_attributes=True)

    reason: WaitingReason
    detail: str
    needed: int | None
    available: int | None
    shortfall: int | None
    quota: int | None
    used: int | None
    resource: QuotaOf | None


class ProgressAnswer(BaseModel):
    """`typical_seconds` and `remaining_seconds` are estimates from this template's past runs, null without any."""

    model_config = ConfigDict(from_attributes=True)

    finished: int
    total: int
    share: float
    typical_seconds: float | None
    remaining_seconds: float | None


class ProjectAnswer(BaseModel):
    """`machines_held_until`: until then a retry of the failed project goes on where it ended."""

    id: str
    name: str
    owner: str
    template: str
    packages: list[str]
    status: Status
    attempt: int
    vms: list[MachineAnswer]
    steps: list[StepAnswer]
    created_at: AwareDatetime
    lease_expires_at: AwareDatetime | None
    failure: FailureAnswer | None
    dry_run: bool
    machines_held_until: AwareDatetime | None
    waiting_for: WaitingAnswer | None
    progress: ProgressAnswer

    @classmethod
    def of(cls, explained: Explained) -> "ProjectAnswer":
        view = explained.view
        own: dict[str, Any] = {name: getattr(view, name) for name in cls.model_fields if hasattr(view, name)}
        waiting = explained.waiting_for
        return cls(
            **own
            | {
                "vms": [MachineAnswer.of(machine) for machine in view.vms],
                "steps": [StepAnswer.model_validate(step, from_attributes=True) for step in view.steps],
                "machines_held_until": view.held_until,
                "waiting_for": WaitingAnswer.model_validate(waiting) if waiting else None,
                "progress": ProgressAnswer.model_validate(explained.progress),
            }
        )


class ProjectsAnswer(BaseModel):
    projects: list[ProjectAnswer]
    next_cursor: str | None


class ProvisionAnswer(BaseModel):
    """`status` is `requested`, without machines, when their allocation takes unusually long."""

    project_id: str
    status: Status
    vms: list[MachineAnswer]


class ChangeAnswer(BaseModel):
    project_id: str
    status: Status

    @classmethod
    def of(cls, view: ProjectView) -> "ChangeAnswer":
        return cls.model_validate({"project_id": view.id, "status": view.status})


class LeaseAnswer(BaseModel):
    project_id: str
    lease_expires_at: AwareDatetime | None

    @classmethod
    def of(cls, view: ProjectView) -> "LeaseAnswer":
        return cls(project_id=view.id, lease_expires_at=view.lease_expires_at)


class QuotaUse(BaseModel):
    quota: int
    used: int


class QuotaAnswer(BaseModel):
    """What an account may use at once, and uses."""

    machines: QuotaUse
    runs: QuotaUse

    @classmethod
    def of(cls, usage: Usage) -> "QuotaAnswer":
        return cls(
            machines=QuotaUse(quota=usage.quota, used=usage.used),
            runs=QuotaUse(quota=usage.run_quota, used=usage.running),
        )


class EventsAnswer(BaseModel):
    events: list[CloudEvent]


class MaintenanceAnswer(BaseModel):
    enabled: bool
    message: str


class PlatformAnswer(BaseModel):
    maintenance: MaintenanceAnswer
