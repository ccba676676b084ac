"""Who is on now."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from hcmp_terminal.api.parts import Terminal
from hcmp_terminal.projections.sessions import open_sessions
from hcmp_webkit.identity import Operator
from hcmp_webkit.pages import Cursor, Limit, decode_cursor, encode_cursor, unknown_cursor

router = APIRouter(prefix="/api/terminal", tags=["terminal"])


class SessionMachine(BaseModel):
    id: str
    name: str


class SessionAccount(BaseModel):
    id: str
    username: str


class TerminalSession(BaseModel):
    id: str
    vm: SessionMachine
    project_id: str | None
    account: SessionAccount
    opened_at: datetime


class TerminalSessions(BaseModel):
    """Oldest first; `next_cursor` is null on the last page."""

    sessions: list[TerminalSession]
    next_cursor: str | None


def _position(cursor: str | None) -> str:
    """The session id in a cursor, which sorts before all others when there is none."""
    position = decode_cursor(cursor)
    if position is None:
        return ""
    try:
        return str(UUID(position))
    except ValueError as error:
        raise unknown_cursor() from error


@router.get("/sessions")
async def terminal_sessions(
    caller: Operator,  # noqa: ARG001 - the permission
    terminal: Terminal,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> TerminalSessions:
    """The shells that are open now, on all machines."""
    rows = await open_sessions(terminal.pool, after=_position(cursor), limit=limit + 1)
    page = rows[:limit]
    sessions = [
        TerminalSession(
            id=row.session_id,
            vm=SessionMachine(id=row.vm_id, name=row.vm_name),
            project_id=row.project_id,
            account=SessionAccount(id=row.account_id, username=row.username),
            opened_at=row.opened_at,
        )
        for row in page
    ]
    return TerminalSessions(
        sessions=sessions, next_cursor=encode_cursor(page[-1].session_id) if len(rows) > limit else None
    )
