"""The one table from refusals of the domain to problem documents."""

from hcmp_provisioner.domain.errors import (
    IdempotencyKeyReusedError,
    LeaseLimitError,
    NoLeaseError,
    NotAwaitingApprovalError,
    NotCancellableError,
    NotRetryableError,
    ProjectRunningError,
    QuotaExceededError,
    UnderMaintenanceError,
    UnknownProjectError,
    UnknownTemplateError,
    VariableRefusedError,
)
from hcmp_provisioner.projections.project_view import Denied
from hcmp_webkit.problems import ErrorTable, Problem, not_found

MAINTENANCE_RETRY_SECONDS = 300


def insufficient_capacity(denied: Denied) -> Problem:
    return Problem(
        "insufficient-capacity",
        title="Not enough machines",
        status=409,
        detail=f"{denied.needed} machines are needed, {denied.available} are available.",
        needed=denied.needed,
        available=denied.available,
    )


def _quota_exceeded(error: QuotaExceededError) -> Problem:
    return Problem(
        "quota-exceeded",
        title="Quota exceeded",
        status=403,
        detail=(
            f"{error.needed} machines are needed; {error.used} of your {error.quota} are in use."
            if error.resource == "machines"
            else f"{error.used} of your runs are under way, of {error.quota} that may be at once."
        ),
        resource=error.resource,
        quota=error.quota,
        used=error.used,
        needed=error.needed,
    )


def _maintenance(error: UnderMaintenanceError) -> Problem:
    return Problem(
        "maintenance",
        title="Under maintenance",
        status=503,
        detail=error.message or "The platform is under maintenance; no new projects can be started for now.",
        headers={"Retry-After": str(MAINTENANCE_RETRY_SECONDS)},
    )


def _refused(slug: str, title: str, sentence: str) -> Problem:
    return Problem(slug, title=title, status=409, detail=sentence)


def _lease_limit(error: LeaseLimitError) -> Problem:
    latest = error.latest.isoformat().replace("+00:00", "Z")
    return Problem(
        "lease-limit",
        title="A lease may not last so long",
        status=409,
        detail=f"A lease may last until {latest}, and no longer.",
        latest=latest,
    )


ERRORS: ErrorTable = {
    UnknownProjectError: lambda _: not_found(),
    UnknownTemplateError: lambda error: Problem(
        "unknown-template",
        title="Unknown template",
        status=404,
        detail=f"There is no template {error.template!r}.",
        template=error.template,
    ),
    VariableRefusedError: lambda error: Problem(
        "invalid-variable",
        title="A variable is not allowed",
        status=422,
        detail=f"{error.variable}: {error.reason}.",
        variable=error.variable,
    ),
    IdempotencyKeyReusedError: lambda _: Problem(
        "idempotency-key-reused",
        title="Idempotency-Key used for another request",
        status=422,
        detail="This Idempotency-Key was used for a request with another body. Use a new key.",
    ),
    QuotaExceededError: _quota_exceeded,
    UnderMaintenanceError: _maintenance,
    ProjectRunningError: lambda error: _refused(
        "project-running", "The project is running", f"The project is {error.status}. Cancel it first."
    ),
    NotCancellableError: lambda error: _refused(
        "not-cancellable",
        "Nothing to cancel",
        f"The project is {error.status}; only a running one can be cancelled.",
    ),
    NotRetryableError: lambda error: _refused(
        "not-retryable",
        "Nothing to retry",
        f"The project is {error.status}; only a failed or cancelled one can be tried again.",
    ),
    NotAwaitingApprovalError: lambda error: _refused(
        "not-awaiting-approval",
        "Nothing to approve",
        f"The project is {error.status}; only a request that waits for approval can be approved or refused.",
    ),
    LeaseLimitError: _lease_limit,
    NoLeaseError: lambda error: _refused(
        "no-lease", "No lease to extend", f"The project is {error.status}; it has no lease to extend."
    ),
}
