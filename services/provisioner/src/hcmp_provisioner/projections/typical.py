"""How long the steps of a template usually take: what a running project's progress is estimated from."""

from collections.abc import Iterable, Mapping

from hcmp_eventstore.projector import Pool

# The newest runs count: machines and mirrors change.
RUNS = 50

Kind = tuple[str, bool]


async def typical(pool: Pool, kinds: Iterable[Kind]) -> Mapping[Kind, Mapping[int, float]]:
    """Median seconds of each step, by its number, for each kind of run (template, whether it is a dry run) that
    was ever completed; by one query.
    """
    wanted = sorted(set(kinds))
    if not wanted:
        return {}
    async with pool.connection() as connection:
        rows = await (
            await connection.execute(
                """
                SELECT kind.template, kind.dry_run, step.number,
                    percentile_cont(0.5) WITHIN GROUP (
                        ORDER BY EXTRACT(epoch FROM step.finished_at - step.started_at)
                    ) AS seconds
                FROM unnest(%(templates)s::text[], %(dry_runs)s::bool[]) AS kind(template, dry_run)
                CROSS JOIN LATERAL (
                    SELECT project.id, period.attempt
                    FROM project JOIN period ON period.project_id = project.id AND period.status = 'completed'
                    WHERE project.template = kind.template AND project.dry_run = kind.dry_run
                    ORDER BY project.sequence DESC LIMIT %(runs)s
                ) AS run
                JOIN step ON step.project_id = run.id AND step.attempt = run.attempt
                    AND step.status = 'succeeded' AND step.ran_in = step.attempt
                GROUP BY kind.template, kind.dry_run, step.number
                """,
                {
                    "templates": [template for template, _ in wanted],
                    "dry_runs": [dry_run for _, dry_run in wanted],
                    "runs": RUNS,
                },
            )
        ).fetchall()
    found: dict[Kind, dict[int, float]] = {}
    for row in rows:
        found.setdefault((row["template"], row["dry_run"]), {})[row["number"]] = float(row["seconds"])
    return found
