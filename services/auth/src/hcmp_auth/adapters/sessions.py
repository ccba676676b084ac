"""Sessions and the hashes of their refresh tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from hcmp_auth.domain.session import REFRESH_TOKEN_LIFE, OpenSession, Presented, Session, judge
from hcmp_auth.handlers.errors import SessionEndedError, TokenReusedError
from hcmp_eventstore.projector import Pool


@dataclass(frozen=True)
class StoredSessions:
    pool: Pool

    async def begin(self, session: Session, token_hash: bytes, now: datetime) -> None:
        async with self.pool.connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO sessions (id, account_id, account_version, started_at, expires_at) "
                "VALUES (%s, %s, %s, %s, %s)",
                [session.id, session.account_id, session.account_version, now, session.expires_at],
            )
            await _add_token(connection, session, token_hash, now)

    async def rotate(self, token_hash: bytes, successor_hash: bytes, now: datetime) -> Session:
        async with self.pool.connection() as connection, connection.transaction():
            session = await _rotate(connection, token_hash, successor_hash, now)
        if isinstance(session, SessionEndedError):
            raise session
        return session

    async def end(self, session_id: str) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("DELETE FROM sessions WHERE id = %s", [session_id])

    async def end_of_token(self, token_hash: bytes) -> Session | None:
        statement = """
            DELETE FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = %s)
            RETURNING id::text, account_id::text, account_version, expires_at
        """
        async with self.pool.connection() as connection:
            row = await (await connection.execute(statement, [token_hash])).fetchone()
        return None if row is None else Session(**row)

    async def of_account(self, account_id: str, now: datetime) -> list[OpenSession]:
        query = """
            SELECT id::text, account_id::text, account_version, expires_at, started_at
            FROM sessions WHERE account_id = %s AND expires_at > %s ORDER BY started_at DESC, id
        """
        async with self.pool.connection() as connection:
            rows = await (await connection.execute(query, [account_id, now])).fetchall()
        return [OpenSession(**row) for row in rows]

    async def end_before(self, account_id: str, version: int) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                "DELETE FROM sessions WHERE account_id = %s AND account_version < %s", [account_id, version]
            )


async def _rotate(
    connection: AsyncConnection[DictRow], token_hash: bytes, successor_hash: bytes, now: datetime
) -> Session | SessionEndedError:
    """Both rows are locked, so that of two who present one token at once the second sees it used."""
    query = """
        SELECT token.used_at, token.expires_at AS token_expires_at,
               session.id::text, session.account_id::text, session.account_version, session.expires_at
        FROM refresh_tokens token JOIN sessions session ON session.id = token.session_id
        WHERE token.hash = %s FOR UPDATE OF session, token
    """
    row = await (await connection.execute(query, [token_hash])).fetchone()
    if row is None:
        return SessionEndedError()
    used_at, expires_at = row.pop("used_at"), row.pop("token_expires_at")
    session = Session(**row)
    match judge(used_at=used_at, expires_at=expires_at, now=now):
        case Presented.FRESH:
            await connection.execute("UPDATE refresh_tokens SET used_at = %s WHERE hash = %s", [now, token_hash])
            await _add_token(connection, session, successor_hash, now)
            return session
        case Presented.REPEATED:
            await _add_token(connection, session, successor_hash, now)
            return session
        case Presented.REUSED:  # it is in two hands, and nobody knows which of them is the right one
            await connection.execute("DELETE FROM sessions WHERE id = %s", [session.id])
            return TokenReusedError(session.account_id, session.id)
        case Presented.EXPIRED:
            await connection.execute("DELETE FROM sessions WHERE id = %s", [session.id])
            return SessionEndedError()
        case unexpected:
            assert_never(unexpected)


async def _add_token(
    connection: AsyncConnection[DictRow], session: Session, token_hash: bytes, now: datetime
) -> None:
    expires_at = min(now + REFRESH_TOKEN_LIFE, session.expires_at)
    await connection.execute(
        "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES (%s, %s, %s)",
        [token_hash, session.id, expires_at],
    )
