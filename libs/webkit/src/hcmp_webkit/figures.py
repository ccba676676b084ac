"""Figures of a read model, asked anew for each scrape: what waits and what is free is a state, no count of events.

Every copy of a service shows the same ones, so a rule takes their maximum. While the database does not answer they
are NaN, which no rule compares: an old figure would look like a new one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from math import nan

import psycopg
import structlog
from prometheus_client import Gauge
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from hcmp_eventstore.projector import Pool

log = structlog.get_logger(__name__)

# Prometheus asks every 2 s in the lab, and waits no longer.
PATIENCE_SECONDS = 1.0

Ask = Callable[[AsyncConnection[DictRow]], Awaitable[Mapping[Gauge, float]]]


@dataclass(frozen=True)
class Figures:
    """`ask` reads the present value of each gauge, in as few statements as it can."""

    pool: Pool
    ask: Ask
    _shown: set[Gauge] = field(default_factory=set, init=False)

    async def refresh(self) -> None:
        """Let each gauge show what the read model says now."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self.pool.connection() as connection:
                told = await self.ask(connection)
        except (psycopg.Error, TimeoutError) as silence:
            log.info("figures_not_told", reason=str(silence) or type(silence).__name__)
            told = {}
        for gauge in self._shown - told.keys():
            gauge.set(nan)
        for gauge, value in told.items():
            gauge.set(value)
        self._shown.update(told)
