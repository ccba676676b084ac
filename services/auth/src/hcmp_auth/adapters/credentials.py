"""Stored password hashes. Rows are written once; which one counts, the log says."""

from dataclasses import dataclass

from hcmp_auth.ports import Credential
from hcmp_eventstore.projector import Pool


@dataclass(frozen=True)
class StoredCredentials:
    pool: Pool

    async def offer(self, credential: Credential) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                """
                INSERT INTO credentials (id, account_id, password_hash, idempotency_key)
                VALUES (%(id)s, %(account_id)s, %(password_hash)s, %(idempotency_key)s)
                """,
                vars(credential),
            )

    async def find(self, credential_id: str) -> Credential | None:
        async with self.pool.connection() as connection:
            query = """
                SELECT id::text, account_id::text, password_hash, idempotency_key FROM credentials WHERE id = %s
            """
            row = await (await connection.execute(query, [credential_id])).fetchone()
        return Credential(**row) if row else None

    async def forget(self, credential_id: str) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("DELETE FROM credentials WHERE id = %s", [credential_id])
