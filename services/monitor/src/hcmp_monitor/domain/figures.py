"""Figures of machines, and the door through which they come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Figures:
    """One machine's load now; a figure that nobody measured is None. `sampled_at` is when it was asked last."""

    up: bool | None = None
    cpu_percent: float | None = None
    memory_percent: float | None = None
    disk_percent: float | None = None
    sampled_at: datetime | None = None


UNMEASURED = Figures()

Point = tuple[datetime, float]


@dataclass(frozen=True)
class History:
    """One machine's load over a span, oldest point first."""

    cpu_percent: Sequence[Point] = ()
    memory_percent: Sequence[Point] = ()
    disk_percent: Sequence[Point] = ()


class Span(StrEnum):
    """How far back a chart goes."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"

    @property
    def length(self) -> timedelta:
        return {Span.HOUR: timedelta(hours=1), Span.DAY: timedelta(days=1), Span.WEEK: timedelta(days=7)}[self]

    @property
    def step(self) -> timedelta:
        """The distance of two points: 120, 288 or 336 of them fill a chart."""
        return {
            Span.HOUR: timedelta(seconds=30),
            Span.DAY: timedelta(minutes=5),
            Span.WEEK: timedelta(minutes=30),
        }[self]


@dataclass(frozen=True)
class Window:
    """What a chart shows: from `start` to `end` in steps; `rate` is how far each point looks back."""

    start: datetime
    end: datetime
    step: timedelta

    @property
    def rate(self) -> timedelta:
        return _rate(self.step)


def _rate(step: timedelta) -> timedelta:
    return max(step, timedelta(minutes=1))


def window(span: Span, *, now: datetime, not_before: datetime | None) -> Window:
    """The span that ends now, on whole steps so that a chart does not shimmer.

    No point looks back behind `not_before`: what a machine did for those who held it earlier is theirs.
    """
    step = span.step.total_seconds()
    end = now.timestamp() // step * step
    start = end - span.length.total_seconds()
    if not_before is not None:
        earliest = (not_before + _rate(span.step)).timestamp()
        start = max(start, math.ceil(earliest / step) * step)
    return Window(
        start=datetime.fromtimestamp(start, now.tzinfo),
        end=datetime.fromtimestamp(end, now.tzinfo),
        step=span.step,
    )


class PrometheusDownError(Exception):
    """Prometheus did not answer in time, or not with figures."""


class FigureSource(Protocol):
    """Where figures come from. `url` is asked each time, because an operator may change it at any time."""

    async def now(self, url: str, vm_ids: Sequence[str] | None) -> dict[str, Figures]:
        """Figures by machine, of these machines or of all. Raises PrometheusDownError."""
        ...

    async def history(self, url: str, vm_id: str, asked: Window) -> History:
        """One machine's figures over a window. Raises PrometheusDownError."""
        ...
