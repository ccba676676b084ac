"""Which accounts are there, and in which situation? For the administrators' list and for one's own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql

from hcmp_contracts.account import (
    AccountApproved,
    AccountPasswordChanged,
    AccountQuotaChanged,
    AccountReactivated,
    AccountRegistered,
    AccountRoleChanged,
    AccountRunQuotaChanged,
    AccountSessionsRevoked,
    AccountSuspended,
    Role,
)
from hcmp_contracts.catalogue import UnknownEventError
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projection import Cursor, OneByOne, ReadModel
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded


class AccountsProjection(OneByOne):
    tables: LiteralString = """
        CREATE TABLE IF NOT EXISTS accounts (
            id uuid PRIMARY KEY,
            username text NOT NULL,
            sort_name text COLLATE "C" NOT NULL,
            full_name text NOT NULL,
            email text NOT NULL,
            role text NOT NULL,
            machine_quota integer NOT NULL,
            run_quota integer NOT NULL,
            status text NOT NULL,
            approved boolean NOT NULL DEFAULT false,
            suspension_reason text,
            registered_at timestamptz NOT NULL
        );
        CREATE INDEX IF NOT EXISTS accounts_listed ON accounts ((status <> 'pending'), sort_name)
    """
    subjects: Sequence[str] = ("hcmp.account.>",)

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        match recorded.event:
            case AccountRegistered():
                await _insert(cursor, recorded, recorded.event)
            case AccountApproved():
                await _set(cursor, recorded, "status = 'active', approved = true")
            case AccountSuspended(reason=reason):
                await _set(cursor, recorded, "status = 'suspended', suspension_reason = %s", reason)
            case AccountReactivated():
                status: LiteralString = "CASE WHEN approved THEN 'active' ELSE 'pending' END"
                await _set(cursor, recorded, f"status = {status}, suspension_reason = NULL")
            case AccountRoleChanged(after=role):
                await _set(cursor, recorded, "role = %s", role)
            case AccountQuotaChanged(after=quota):
                await _set(cursor, recorded, "machine_quota = %s", quota)
            case AccountRunQuotaChanged(after=quota):
                await _set(cursor, recorded, "run_quota = %s", quota)
            case AccountPasswordChanged() | AccountSessionsRevoked():
                pass
            case unexpected:
                raise UnknownEventError(unexpected.event_type)


async def _insert(cursor: Cursor, recorded: Recorded[DomainEvent], event: AccountRegistered) -> None:
    await cursor.execute(
        """
        INSERT INTO accounts
            (id, username, sort_name, full_name, email, role, machine_quota, run_quota, status, registered_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'pending', %s) ON CONFLICT (id) DO NOTHING
        """,
        [
            recorded.aggregate_id,
            event.username,
            event.username.casefold(),
            event.full_name,
            event.email,
            event.role,
            event.machine_quota,
            event.run_quota,
            recorded.envelope.time,
        ],
    )


async def _set(cursor: Cursor, recorded: Recorded[DomainEvent], change: LiteralString, *values: object) -> None:
    statement = sql.SQL("UPDATE accounts SET {} WHERE id = %s").format(sql.SQL(change))
    await cursor.execute(statement, [*values, recorded.aggregate_id])


MODEL = ReadModel(name="auth", version=2, projections=[AccountsProjection()])


@dataclass(frozen=True)
class AccountRow:
    id: UUID
    username: str
    full_name: str
    email: str
    role: Role
    status: str
    machine_quota: int
    run_quota: int
    suspension_reason: str | None
    registered_at: datetime


_SELECT: LiteralString = """
    SELECT id, username, full_name, email, role, status, machine_quota, run_quota, suspension_reason,
        registered_at
    FROM accounts
"""


async def list_accounts(pool: Pool, *, limit: int, after: tuple[bool, str] | None) -> list[AccountRow]:
    """Those who wait for approval first, then by name; behind `after`, the position of a row."""
    condition: LiteralString = "WHERE (status <> 'pending', sort_name) > (%s, %s)" if after else ""
    query = _SELECT + condition + " ORDER BY status <> 'pending', sort_name LIMIT %s"
    async with pool.connection() as connection:
        rows = await (await connection.execute(query, [*(after or ()), limit])).fetchall()
    return [_row(row) for row in rows]


def position(account: AccountRow) -> tuple[bool, str]:
    """Where a row stands in the list."""
    return account.status != "pending", account.username.casefold()


async def find_account(pool: Pool, account_id: str) -> AccountRow | None:
    async with pool.connection() as connection:
        row = await (await connection.execute(_SELECT + " WHERE id = %s", [account_id])).fetchone()
    return _row(row) if row else None


async def list_active_admins(pool: Pool) -> list[str]:
    async with pool.connection() as connection:
        query = "SELECT id FROM accounts WHERE status = 'active' AND role = 'admin'"
        rows = await (await connection.execute(query)).fetchall()
    return [str(row["id"]) for row in rows]


def _row(row: dict[str, Any]) -> AccountRow:
    return AccountRow(**row | {"role": Role(row["role"])})
