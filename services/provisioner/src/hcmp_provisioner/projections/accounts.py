"""How many machines each account may hold, and how many it holds or has asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from hcmp_contracts.account import AccountQuotaChanged, AccountRegistered
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projector import Cursor, Pool
from hcmp_eventstore.recorded import Recorded


class Accounts:
    subjects: Sequence[str] = ("hcmp.account.>",)
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS account (id text PRIMARY KEY, username text NOT NULL, quota int NOT NULL);
    """

    async def apply(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case AccountRegistered(username=username, machine_quota=quota):
                await cursor.execute(
                    """
                    INSERT INTO account VALUES (%s, %s, %s)
                    ON CONFLICT (id) DO UPDATE SET username = excluded.username, quota = excluded.quota
                    """,
                    [recorded.aggregate_id, username, quota],
                )
            case AccountQuotaChanged(after=quota):
                await cursor.execute("UPDATE account SET quota = %s WHERE id = %s", [quota, recorded.aggregate_id])
            case _:
                pass


@dataclass(frozen=True)
class Usage:
    quota: int
    used: int


async def usage(pool: Pool, account_id: str) -> Usage | None:
    """The account's quota and use; None while the account is not known here yet."""
    async with pool.connection() as connection:
        row = await (
            await connection.execute(
                """
                SELECT quota, (
                    SELECT COALESCE(SUM(project.machines), 0)
                    FROM project JOIN period ON period.project_id = project.id AND period.valid_to IS NULL
                    WHERE project.owner_id = account.id
                        AND period.status IN ('requested', 'configuring', 'completed', 'deleting')
                ) AS used
                FROM account WHERE id = %s
                """,
                [account_id],
            )
        ).fetchone()
    return Usage(quota=row["quota"], used=int(row["used"])) if row else None
