"""What the monitor answers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, JsonValue

from hcmp_monitor.domain.figures import Point, Span
from hcmp_monitor.domain.machine import MachineStatus

PrometheusState = Literal["up", "down"]


class MachineIdentity(BaseModel):
    """`owner` is a username."""

    id: str
    name: str
    address: str
    project_id: str | None
    owner: str | None
    status: MachineStatus


class MachineResources(BaseModel):
    """Figures are null when nobody measured them."""

    vm: MachineIdentity
    up: bool | None
    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None
    sampled_at: datetime | None


class Resources(BaseModel):
    prometheus: PrometheusState
    resources: list[MachineResources]


class Series(BaseModel):
    """Pairs of time and percent, oldest first."""

    cpu_percent: list[Point]
    memory_percent: list[Point]
    disk_percent: list[Point]


class MachineHistory(BaseModel):
    vm_id: str
    range: Span
    step_seconds: int
    prometheus: PrometheusState
    series: Series


class Named(BaseModel):
    """A thing and the name that it had when the event happened."""

    id: str
    name: str | None


class ActingParty(BaseModel):
    """An account, or a service that acted by itself."""

    kind: str
    id: str
    name: str


class ActivityEntry(BaseModel):
    """One event: who did what, to what. `sequence` orders all events; `kind` is such as `vm.reserved`."""

    sequence: int
    id: str
    time: datetime
    kind: str
    actor: ActingParty
    project: Named | None
    vm: Named | None
    account: Named | None
    summary: dict[str, JsonValue]
    correlation_id: str


class ActivityPage(BaseModel):
    """Newest first; `next_cursor` leads to what happened before, null at the beginning of the log."""

    events: list[ActivityEntry]
    next_cursor: str | None
