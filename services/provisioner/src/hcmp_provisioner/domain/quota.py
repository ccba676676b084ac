"""What an account uses of its quotas: machines that it holds or has asked for, and runs that are under way.

A claim is appended together with the request that it is for, so that two requests can never both use the last of
a quota, however many processes serve them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from hcmp_contracts.quota import QuotaClaimed, QuotaEvent, QuotaReleased, QuotaRunEnded
from hcmp_eventstore.decider import Decider
from hcmp_provisioner.domain.errors import QuotaExceededError


@dataclass(frozen=True)
class Limits:
    """How many machines an account may hold, and how many of its runs may be under way, at once."""

    machines: int
    runs: int


@dataclass(frozen=True)
class Claim:
    """Count this attempt of a project. The one before it, if it still counts, is replaced."""

    project_id: str
    attempt: int
    machines: int
    limits: Limits


@dataclass(frozen=True)
class EndRun:
    """The run of this attempt, or of one before it, is over; its machines count on."""

    project_id: str
    attempt: int


@dataclass(frozen=True)
class Release:
    """Nothing of the project up to this attempt counts any more."""

    project_id: str
    attempt: int


QuotaCommand = Claim | EndRun | Release


@dataclass(frozen=True)
class Counted:
    attempt: int
    machines: int
    running: bool = True


@dataclass(frozen=True)
class Quota:
    """What counts now, by project."""

    counted: Mapping[str, Counted] = field(default_factory=dict)


def decide(command: QuotaCommand, quota: Quota) -> list[QuotaEvent]:
    """The facts that follow from a command. Raises QuotaExceededError."""
    match command:
        case Claim():
            return _claim(command, quota)
        case EndRun(project_id=project_id, attempt=attempt):
            counted = quota.counted.get(project_id)
            if counted is None or counted.attempt > attempt or not counted.running:
                return []
            return [QuotaRunEnded(project_id=project_id, attempt=attempt)]
        case Release(project_id=project_id, attempt=attempt):
            counted = quota.counted.get(project_id)
            if counted is None or counted.attempt > attempt:
                return []
            return [QuotaReleased(project_id=project_id, attempt=attempt)]
        case _:
            assert_never(command)


def _claim(command: Claim, quota: Quota) -> list[QuotaEvent]:
    own = quota.counted.get(command.project_id)
    if own is not None and own.attempt >= command.attempt:
        return []
    others = [counted for project_id, counted in quota.counted.items() if project_id != command.project_id]
    machines, runs = sum(other.machines for other in others), sum(other.running for other in others)
    limits = command.limits
    if machines + command.machines > limits.machines:
        raise QuotaExceededError(
            resource="machines", quota=limits.machines, used=machines, needed=command.machines
        )
    if runs + 1 > limits.runs:
        raise QuotaExceededError(resource="runs", quota=limits.runs, used=runs, needed=1)
    return [QuotaClaimed(project_id=command.project_id, attempt=command.attempt, machines=command.machines)]


def evolve(quota: Quota, event: QuotaEvent) -> Quota:
    counted = dict(quota.counted)
    match event:
        case QuotaClaimed(project_id=project_id, attempt=attempt, machines=machines):
            counted[project_id] = Counted(attempt, machines)
        case QuotaRunEnded(project_id=project_id):
            counted[project_id] = replace(counted[project_id], running=False)
        case QuotaReleased(project_id=project_id):
            del counted[project_id]
        case _:
            assert_never(event)
    return Quota(counted)


QUOTA: Decider[QuotaCommand, Quota, QuotaEvent] = Decider("quota", Quota(), decide, evolve)
