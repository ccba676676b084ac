"""Why a command is refused, each with the facts that its sender needs."""

from datetime import datetime
from typing import Literal


class ProjectError(Exception):
    """The root of every refusal of this service."""


class UnknownProjectError(ProjectError):
    """Nothing was ever asked for under this id."""


class AlreadyRequestedError(ProjectError):
    """The same request was made before: what it asked for is there."""


class IdempotencyKeyReusedError(ProjectError):
    """The same key was used for another request."""


class WrongSituationError(ProjectError):
    """The project is not in a situation in which this can be done."""

    def __init__(self, status: str) -> None:
        super().__init__(f"the project is {status}")
        self.status = status


class ProjectRunningError(WrongSituationError):
    """A project that still runs cannot be deleted: cancel it first."""


class NotCancellableError(WrongSituationError):
    """Only a project that waits or runs can be cancelled."""


class NotRetryableError(WrongSituationError):
    """Only a project that failed or was cancelled can be tried again."""


class NotAwaitingApprovalError(WrongSituationError):
    """Only a request that waits for an operator can be approved or refused."""


class NoLeaseError(WrongSituationError):
    """A project that is gone, or never had machines, has no lease to extend."""


class LeaseNotOverError(ProjectError):
    """The lease ends later, because it was extended for one."""

    def __init__(self, ends_at: datetime) -> None:
        super().__init__(f"the lease ends at {ends_at}")
        self.ends_at = ends_at


class LeaseWarningEarlyError(ProjectError):
    """The lease ends later than whoever wants to warn of it thinks; the next warning is due at `due_at`."""

    def __init__(self, due_at: datetime, hours: int) -> None:
        super().__init__(f"the warning {hours} hours before is due at {due_at}")
        self.due_at = due_at
        self.hours = hours


class LeaseLimitError(ProjectError):
    """A lease ends at `latest`, and no later."""

    def __init__(self, latest: datetime) -> None:
        super().__init__(f"a lease may last until {latest}")
        self.latest = latest


class RunNotWantedError(WrongSituationError):
    """The run is over, or was never to be: whoever wants to work on it can stop."""


class RunFencedError(ProjectError):
    """Another worker took the run over."""

    def __init__(self, worker: str) -> None:
        super().__init__(f"the run belongs to {worker}")
        self.worker = worker


class RunCancelRequestedError(ProjectError):
    """The run is to be stopped."""


class StepOutOfOrderError(ProjectError):
    """A step was reported that is not the one whose turn it is."""

    def __init__(self, number: int, expected: int) -> None:
        super().__init__(f"step {number} was reported where step {expected} was due")
        self.number = number
        self.expected = expected


class ReplacedTooOftenError(ProjectError):
    """So many machines were replaced already that the fault is hardly theirs."""


class QuotaExceededError(ProjectError):
    """The account would use more of `resource` than it may."""

    def __init__(self, *, resource: Literal["machines", "runs"], quota: int, used: int, needed: int) -> None:
        super().__init__(f"{used} of {quota} {resource} are used, {needed} more are needed")
        self.resource = resource
        self.quota = quota
        self.used = used
        self.needed = needed


class UnderMaintenanceError(ProjectError):
    """No new runs begin for now; `message` is the operator's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownTemplateError(ProjectError):
    def __init__(self, template: str) -> None:
        super().__init__(f"there is no template {template}")
        self.template = template


class VariableRefusedError(ProjectError):
    """A variable that the template does not declare, or a value that it does not allow."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason
