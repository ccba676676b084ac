"""What each account may use of machines and runs, and what it uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from hcmp_contracts.account import AccountQuotaChanged, AccountRegistered, AccountRunQuotaChanged
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.quota import QuotaClaimed, QuotaReleased, QuotaRunEnded
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded


class Accounts(OneByOne):
    subjects: Sequence[str] = ("hcmp.account.>", "hcmp.quota.>")
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS account (
            id text PRIMARY KEY,
            username text NOT NULL,
            quota int NOT NULL,
            run_quota int NOT NULL
        );
        CREATE TABLE IF NOT EXISTS claim (
            account_id text NOT NULL,
            project_id text PRIMARY KEY,
            attempt int NOT NULL,
            machines int NOT NULL,
            running bool NOT NULL
        );
        CREATE INDEX IF NOT EXISTS claim_of_account ON claim (account_id);
    """

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case AccountRegistered(username=username, machine_quota=quota, run_quota=run_quota):
                await cursor.execute(
                    """
                    INSERT INTO account VALUES (%s, %s, %s, %s)
                    ON CONFLICT (id) DO UPDATE SET username = excluded.username, quota = excluded.quota,
                        run_quota = excluded.run_quota
                    """,
                    [recorded.aggregate_id, username, quota, run_quota],
                )
            case AccountQuotaChanged(after=quota):
                await cursor.execute("UPDATE account SET quota = %s WHERE id = %s", [quota, recorded.aggregate_id])
            case AccountRunQuotaChanged(after=quota):
                await cursor.execute(
                    "UPDATE account SET run_quota = %s WHERE id = %s", [quota, recorded.aggregate_id]
                )
            case QuotaClaimed() | QuotaRunEnded() | QuotaReleased() as event:
                await _count(cursor, recorded.aggregate_id, event)
            case _:
                pass


async def _count(cursor: Cursor, account_id: str, event: QuotaClaimed | QuotaRunEnded | QuotaReleased) -> None:
    match event:
        case QuotaClaimed(project_id=project_id, attempt=attempt, machines=machines):
            await cursor.execute(
                """
                INSERT INTO claim VALUES (%s, %s, %s, %s, true) ON CONFLICT (project_id) DO UPDATE
                SET attempt = excluded.attempt, machines = excluded.machines, running = true
                WHERE claim.attempt < excluded.attempt
                """,
                [account_id, project_id, attempt, machines],
            )
        case QuotaRunEnded(project_id=project_id, attempt=attempt):
            await cursor.execute(
                "UPDATE claim SET running = false WHERE project_id = %s AND attempt <= %s", [project_id, attempt]
            )
        case QuotaReleased(project_id=project_id, attempt=attempt):
            await cursor.execute(
                "DELETE FROM claim WHERE project_id = %s AND attempt <= %s", [project_id, attempt]
            )


@dataclass(frozen=True)
class Usage:
    """What an account may use and what it uses. The figures are for people: who gets something is decided on
    the account's quota aggregate.
    """

    quota: int
    used: int
    run_quota: int
    running: int


NOTHING = Usage(quota=0, used=0, run_quota=0, running=0)


async def usages(pool: Pool, account_ids: Sequence[str]) -> dict[str, Usage]:
    """Each account's usage; accounts that are not known here yet are absent."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(
            """
            SELECT id, quota, run_quota, COALESCE(SUM(machines), 0)::int AS used,
                COUNT(*) FILTER (WHERE running)::int AS running
            FROM account LEFT JOIN claim ON claim.account_id = account.id
            WHERE id = ANY(%s) GROUP BY id
            """,
            [list(account_ids)],
        )
        return {row.id: Usage(row.quota, row.used, row.run_quota, row.running) for row in await cursor.fetchall()}


async def usage(pool: Pool, account_id: str) -> Usage:
    return (await usages(pool, [account_id])).get(account_id, NOTHING)


@dataclass(frozen=True)
class _Row:
    id: str
    quota: int
    run_quota: int
    used: int
    running: int
