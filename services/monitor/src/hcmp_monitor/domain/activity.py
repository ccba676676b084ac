"""How an event reads in the feed of who did what: its kind, who acted, and which of its fields are told.

The fields are listed one by one, so that a new one (a credential, a key) is told only when someone says so.
"""

from dataclasses import dataclass
from typing import Any

from hcmp_contracts import (
    account,
    allocation,
    dead_letter,
    pool_policy,
    project,
    quota,
    session,
    settings,
    ssh_certificate,
    system,
    terminal_session,
    vm,
)
from hcmp_contracts.envelope import DomainEvent

TOLD: dict[type[DomainEvent], tuple[str, ...]] = {
    account.AccountRegistered: ("username", "full_name", "role", "machine_quota"),
    account.AccountApproved: (),
    account.AccountSuspended: ("reason",),
    account.AccountReactivated: (),
    account.AccountRoleChanged: ("before", "after"),
    account.AccountQuotaChanged: ("before", "after"),
    account.AccountRunQuotaChanged: ("before", "after"),
    account.AccountPasswordChanged: (),
    account.AccountSessionsRevoked: ("reason",),
    session.SessionEnded: ("reason",),
    vm.VmRegistered: ("name", "address", "provider"),
    vm.VmLabelsChanged: ("before", "after"),
    vm.VmCredentialReencrypted: (),
    vm.VmReserved: ("role",),
    vm.VmAssigned: (),
    vm.VmReleased: ("reason",),
    vm.VmRecycleStarted: (),
    vm.VmRecycled: ("address",),
    vm.VmQuarantined: ("reason", "causes"),
    vm.VmMaintenanceStarted: ("reason",),
    vm.VmMaintenanceEnded: (),
    vm.VmRetired: ("reason", "causes"),
    vm.VmHostKeyChanged: ("pinned", "presented"),
    vm.VmDrifted: ("what", "before", "after"),
    allocation.AllocationGranted: ("attempt",),
    allocation.AllocationQueued: ("attempt", "needed", "available"),
    allocation.AllocationDenied: ("attempt", "needed", "available"),
    allocation.AllocationReleased: ("reason",),
    pool_policy.PoolPolicySet: ("name", "provider", "minimum_ready", "maximum", "labels"),
    pool_policy.PoolPolicyRemoved: (),
    pool_policy.PoolPolicyCreationFailed: ("reason", "causes", "failures", "retry_at"),
    pool_policy.PoolPolicyRecovered: (),
    settings.SettingsChanged: ("changes",),
    settings.SettingsReencrypted: (),
    settings.MaintenanceEnabled: ("message",),
    settings.MaintenanceDisabled: (),
    system.FactoryResetRequested: ("backup", "machines"),
    system.FactoryResetCompleted: ("projects", "machines", "backup", "unclean_machines", "unclean"),
    project.ProjectRequested: ("name", "template", "packages", "lease_expires_at", "dry_run", "needs_approval"),
    project.ProjectApproved: (),
    project.ProjectAdmitted: (),
    project.ProjectRejected: ("reason", "detail", "needed", "available"),
    project.ProvisioningStarted: ("attempt", "first_step"),
    project.StepStarted: ("number", "name", "attempt"),
    project.StepSucceeded: ("number", "name", "attempt"),
    project.StepFailed: ("number", "name", "attempt", "failures"),
    project.ProjectProvisioned: ("attempt", "dry_run"),
    project.ProvisioningFailed: ("attempt", "reason", "detail", "step", "held_until"),
    project.HoldEnded: ("attempt",),
    project.CancelRequested: (),
    project.ProjectCancelled: ("finished_steps",),
    project.RetryRequested: ("attempt", "keep_machines", "lost"),
    project.MachineLost: ("name", "reason"),
    project.LeaseExtended: ("before", "after"),
    project.LeaseWarning: ("ends_at", "hours"),
    project.LeaseExpired: (),
    project.TeardownStarted: ("reason",),
    project.ProjectDeleted: (),
    quota.QuotaClaimed: (),
    quota.QuotaRunEnded: (),
    quota.QuotaReleased: (),
    ssh_certificate.SshCertificateIssued: ("purpose", "principals", "valid_before"),
    terminal_session.TerminalSessionOpened: ("username",),
    terminal_session.TerminalSessionClosed: ("exit_status", "reason"),
    dead_letter.DeadLetterRecorded: ("reactor", "reason", "sequence", "letter_type", "letter_subject"),
}


@dataclass(frozen=True)
class Actor:
    """Who did it: an account, or a service by itself."""

    kind: str
    id: str


def actor_of(envelope_actor: str) -> Actor:
    """`account/<id>` or `service/<name>`, taken apart."""
    kind, _, actor_id = envelope_actor.partition("/")
    return Actor(kind=kind, id=actor_id or kind)


def kind_of(event: DomainEvent) -> str:
    """The event's name for people and filters: `vm.reserved` of `hcmp.vm.reserved.v1`."""
    return f"{event.aggregate()}.{event.verb()}"


def summary_of(event: DomainEvent) -> dict[str, Any]:
    """The fields that are told, as JSON values."""
    return event.model_dump(mode="json", include=set(TOLD.get(type(event), ())))
