"""Why a project waits, and how far it is: told from what is known about it, the platform and past runs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

WaitingReason = Literal["approval", "maintenance", "quota", "capacity", "worker"]
QuotaOf = Literal["machines", "runs"]


@dataclass(frozen=True)
class Waiting:
    """`detail` is a sentence; the figures are those of its reason. `resource` says of which quota."""

    reason: WaitingReason
    detail: str
    needed: int | None = None
    available: int | None = None
    shortfall: int | None = None
    quota: int | None = None
    used: int | None = None
    resource: QuotaOf | None = None


@dataclass(frozen=True)
class Progress:
    """`share` is that of finished steps; seconds are estimates from past runs, None when there are none."""

    finished: int
    total: int
    share: float
    typical_seconds: float | None
    remaining_seconds: float | None


class Lack(Protocol):
    @property
    def needed(self) -> int: ...
    @property
    def available(self) -> int: ...


class Situation(Protocol):
    """What of a project explains that it waits."""

    @property
    def status(self) -> str: ...
    @property
    def gate(self) -> str | None: ...
    @property
    def worker(self) -> str | None: ...
    @property
    def machines(self) -> int: ...
    @property
    def shortage(self) -> Lack | None: ...


class Used(Protocol):
    """What the project's owner may use, and uses."""

    @property
    def quota(self) -> int: ...
    @property
    def used(self) -> int: ...
    @property
    def run_quota(self) -> int: ...
    @property
    def running(self) -> int: ...


class TimedStep(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def started_at(self) -> datetime | None: ...


def waiting_for(project: Situation, usage: Used, *, maintenance: str | None) -> Waiting | None:
    """What the project waits for; None when it does not wait. `maintenance` is the operator's message, while the
    platform is under maintenance.
    """
    if project.gate == "approval":
        return Waiting("approval", "An operator has to approve the request.", needed=project.machines)
    if project.gate is not None:
        return _before_admission(project, usage, maintenance)
    if project.status == "requested" and project.shortage is not None:
        needed, available = project.shortage.needed, project.shortage.available
        shortfall = max(needed - available, 0)
        return Waiting(
            "capacity",
            f"{needed} machines are needed, {available} were available: the pool is short by {shortfall}.",
            needed=needed,
            available=available,
            shortfall=shortfall,
        )
    if project.status == "configuring" and project.worker is None:
        return Waiting("worker", "The machines are reserved; no worker is free to configure them yet.")
    return None


def _before_admission(project: Situation, usage: Used, maintenance: str | None) -> Waiting:
    if usage.used + project.machines > usage.quota:
        return Waiting(
            "quota",
            f"{project.machines} machines are needed; {usage.used} of {usage.quota} are in use.",
            needed=project.machines,
            quota=usage.quota,
            used=usage.used,
            resource="machines",
        )
    if usage.running >= usage.run_quota:
        return Waiting(
            "quota",
            f"{usage.running} runs are under way, of {usage.run_quota} that may be at once.",
            needed=1,
            quota=usage.run_quota,
            used=usage.running,
            resource="runs",
        )
    return Waiting("maintenance", maintenance or "The platform is under maintenance.")


def progress(steps: Sequence[TimedStep], typical: Mapping[int, float], now: datetime) -> Progress:
    """How far a project is. `typical` are the seconds that each step usually takes, by number."""
    finished = sum(step.status == "succeeded" for step in steps)
    known = bool(typical)
    return Progress(
        finished=finished,
        total=len(steps),
        share=finished / len(steps) if steps else 0.0,
        typical_seconds=sum(typical.values()) if known else None,
        remaining_seconds=sum(_left(step, typical, now) for step in steps) if known else None,
    )


def _left(step: TimedStep, typical: Mapping[int, float], now: datetime) -> float:
    usual = typical.get(step.number, 0.0)
    match step.status:
        case "pending":
            return usual
        case "running" if step.started_at is not None:
            return max(usual - (now - step.started_at).total_seconds(), 0.0)
        case _:
            return 0.0
