"""WebSocket tickets: kept as hashes, taken once."""

from dataclasses import dataclass
from datetime import datetime

from hcmp_auth.ports import HeldTicket
from hcmp_contracts.account import Role
from hcmp_eventstore.projector import Pool
from hcmp_webkit.identity import Principal


@dataclass(frozen=True)
class StoredTickets:
    pool: Pool

    async def keep(
        self, ticket_hash: bytes, holder: Principal, *, target: str | None, expires_at: datetime
    ) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                """
                INSERT INTO tickets (hash, account_id, username, role, session_id, session_issued_at,
                                     session_expires_at, target, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                [
                    ticket_hash,
                    holder.account_id,
                    holder.username,
                    holder.role,
                    holder.session_id,
                    holder.issued_at,
                    holder.expires_at,
                    target,
                    expires_at,
                ],
            )

    async def take(self, ticket_hash: bytes) -> HeldTicket | None:
        """One statement, so that of two who present one ticket only one gets it."""
        async with self.pool.connection() as connection:
            statement = "DELETE FROM tickets WHERE hash = %s RETURNING *"
            row = await (await connection.execute(statement, [ticket_hash])).fetchone()
        if row is None:
            return None
        holder = Principal(
            account_id=str(row["account_id"]),
            username=row["username"],
            role=Role(row["role"]),
            session_id=str(row["session_id"]),
            issued_at=row["session_issued_at"],
            expires_at=row["session_expires_at"],
        )
        return HeldTicket(holder=holder, target=row["target"], expires_at=row["expires_at"])
