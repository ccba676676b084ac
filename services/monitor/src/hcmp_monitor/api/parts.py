"""What the routes work with: handed over once, in main."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from hcmp_eventstore.projector import Pool, Projector
from hcmp_monitor.domain.figures import FigureSource


@dataclass
class Parts:
    """`prometheus_url` is asked unless the settings name another. `streams` counts live feeds by account."""

    pool: Pool
    projector: Projector
    figures: FigureSource
    prometheus_url: str
    clock: Callable[[], datetime]
    streams: Counter[str] = field(default_factory=Counter)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Monitor = Annotated[Parts, Depends(_parts)]
