"""One's own sessions."""

from uuid import UUID

from fastapi import APIRouter, Request

from hcmp_auth.api.models import OwnSession, OwnSessions, SessionEnd
from hcmp_auth.api.parts import Auth
from hcmp_webkit.identity import Caller, context

router = APIRouter(prefix="/api/me/sessions")


@router.get("")
async def own_sessions(caller: Caller, auth: Auth) -> OwnSessions:
    """Where one is signed in."""
    return OwnSessions(
        sessions=[
            OwnSession(
                id=UUID(session.id),
                started_at=session.started_at,
                expires_at=session.expires_at,
                current=session.id == caller.session_id,
            )
            for session in await auth.own_sessions.of(caller.account_id)
        ]
    )


@router.post("/{session_id}/end", status_code=204)
async def end_own_session(
    session_id: UUID, proof: SessionEnd, caller: Caller, auth: Auth, request: Request
) -> None:
    """End one of them, with its access tokens and open sockets."""
    password = proof.password.get_secret_value()
    await auth.own_sessions.end(caller.account_id, str(session_id), password, context(caller, request))
