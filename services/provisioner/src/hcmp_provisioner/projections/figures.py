"""Figures for Prometheus: how many runs wait for a worker, and since when."""

from collections.abc import Mapping

from prometheus_client import Gauge
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from hcmp_eventstore.store import utc_now

WAITING = Gauge("hcmp_runs_waiting", "Runs whose machines are granted and that no worker has begun")
OLDEST = Gauge("hcmp_runs_waiting_oldest_seconds", "How long the oldest of them has waited")


async def figures(connection: AsyncConnection[DictRow]) -> Mapping[Gauge, float]:
    # A run waits from the first of its attempt's periods on: one that a longer lease began is no new wait.
    statement = """
        SELECT count(DISTINCT present.project_id) AS runs, min(waiting.valid_from) AS since
        FROM period present JOIN period waiting USING (project_id, attempt, status)
        WHERE present.valid_to IS NULL AND status = 'configuring'
            AND present.worker IS NULL AND waiting.worker IS NULL
    """
    row = await (await connection.execute(statement)).fetchone() or {"runs": 0, "since": None}
    waited = 0.0 if row["since"] is None else (utc_now() - row["since"]).total_seconds()
    return {WAITING: row["runs"], OLDEST: max(0.0, waited)}
