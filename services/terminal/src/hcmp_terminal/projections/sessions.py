"""Who is on a machine now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.terminal_session import TerminalSessionClosed, TerminalSessionOpened
from hcmp_eventstore.projection import Cursor, OneByOne
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Recorded


@dataclass(frozen=True)
class OpenSession:
    session_id: str
    vm_id: str
    vm_name: str
    project_id: str | None
    account_id: str
    username: str
    opened_at: datetime


class Sessions(OneByOne):
    """A row an open session. Ids grow with time, so that one that is closed never comes back by itself."""

    tables = """
        CREATE TABLE IF NOT EXISTS sessions (
            session_id text PRIMARY KEY,
            vm_id text NOT NULL,
            vm_name text NOT NULL,
            project_id text,
            account_id text NOT NULL,
            username text NOT NULL,
            opened_at timestamptz NOT NULL
        );
    """
    subjects = ("hcmp.terminal-session.*.*",)

    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None:
        event, session_id = recorded.event, recorded.aggregate_id
        match event:
            case TerminalSessionOpened():
                await cursor.execute(
                    "INSERT INTO sessions VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (session_id) DO NOTHING",
                    [
                        session_id,
                        event.vm_id,
                        event.vm_name,
                        event.project_id,
                        event.account_id,
                        event.username,
                        recorded.envelope.time,
                    ],
                )
            case TerminalSessionClosed():
                await cursor.execute("DELETE FROM sessions WHERE session_id = %s", [session_id])
            case _:
                pass


async def open_sessions(pool: Pool, *, after: str = "", limit: int | None = None) -> Sequence[OpenSession]:
    """Open sessions, oldest first, behind a session id."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(OpenSession)) as cursor:
        await cursor.execute(
            "SELECT * FROM sessions WHERE session_id > %s ORDER BY session_id LIMIT %s", [after, limit]
        )
        return await cursor.fetchall()
