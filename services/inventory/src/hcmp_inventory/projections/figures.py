"""The pool's figures for Prometheus: how many machines are in each state, and who waits for some since when."""

from collections.abc import Mapping
from typing import get_args

from prometheus_client import Gauge
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from hcmp_eventstore.store import utc_now
from hcmp_inventory.domain.vm_situations import VmStatus
from hcmp_inventory.projections.pool_queries import counted
from hcmp_inventory.projections.queue import length

MACHINES = Gauge("hcmp_machines", "Machines of the pool by their status", ["status"])
QUEUED = Gauge("hcmp_allocations_queued", "Requests that wait for machines")
OLDEST = Gauge("hcmp_allocations_queued_oldest_seconds", "How long the oldest of them has waited")
STATUSES = tuple(status for status in get_args(VmStatus) if status != "retired")


async def figures(connection: AsyncConnection[DictRow]) -> Mapping[Gauge, float]:
    """Every status has a figure, so that none at all is told from nothing known."""
    machines, queue = await counted(connection), await length(connection)
    waited = 0.0 if queue.since is None else (utc_now() - queue.since).total_seconds()
    return {MACHINES.labels(status): machines.get(status, 0) for status in STATUSES} | {
        QUEUED: queue.requests,
        OLDEST: max(0.0, waited),
    }
