"""Signing in, staying signed in, signing out."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from hcmp_auth.api.addresses import client_address
from hcmp_auth.api.errors import session_ended
from hcmp_auth.api.models import (
    Jwks,
    LoginForm,
    PasswordChange,
    SignedInAccount,
    SignedInBody,
    Ticket,
    TicketRequest,
)
from hcmp_auth.api.parts import Auth, Parts
from hcmp_auth.domain.session import ACCESS_TOKEN_LIFE, TICKET_LIFE
from hcmp_auth.handlers.errors import SessionEndedError
from hcmp_auth.handlers.sign_in import SignedIn
from hcmp_webkit.identity import Caller, context

router = APIRouter()


@router.post("/api/login")
async def login(form: LoginForm, auth: Auth, request: Request, response: Response) -> SignedInBody:
    """Sign in by name and password. The session that this browser had before goes no further."""
    signed_in = await auth.sign_in.login(
        form.username, form.password.get_secret_value(), address=client_address(request)
    )
    if former := auth.cookie.read(request):
        await auth.sign_in.give_up(former)
    return _hand_over(signed_in, auth, response)


@router.post("/api/token/refresh")
async def refresh_token(auth: Auth, request: Request, response: Response) -> SignedInBody:
    """The next access token, for the cookie of the last one. Each cookie is used once."""
    try:
        signed_in = await auth.sign_in.refresh(auth.cookie.read(request), request.state.correlation_id)
    except SessionEndedError as ended:
        raise session_ended(ended, set_cookie=auth.cookie.deletion) from ended
    return _hand_over(signed_in, auth, response)


@router.post("/api/token/revoke", status_code=204)
async def revoke_token(auth: Auth, request: Request, response: Response) -> None:
    """Sign out: the session of the cookie ends, with its access tokens and open sockets."""
    if token := auth.cookie.read(request):
        await auth.sign_in.sign_out(token, request.state.correlation_id)
    auth.cookie.forget(response)


@router.post("/api/me/password")
async def change_password(
    change: PasswordChange, caller: Caller, auth: Auth, request: Request, response: Response
) -> SignedInBody:
    """Change one's own password. Every session ends; the answer begins a new one."""
    signed_in = await auth.sign_in.change_password(
        caller.account_id,
        change.current_password.get_secret_value(),
        change.new_password.get_secret_value(),
        context(caller, request),
    )
    return _hand_over(signed_in, auth, response)


@router.post("/api/ws-ticket", status_code=201)
async def issue_ticket(caller: Caller, auth: Auth, wanted: TicketRequest | None = None) -> Ticket:
    """A ticket for one WebSocket: used once, within 30 seconds, as `?ticket=`."""
    ticket = await auth.tickets.issue(caller, wanted.target if wanted else None)
    return Ticket(ticket=ticket, expires_in=int(TICKET_LIFE.total_seconds()))


@router.get("/.well-known/jwks.json")
async def jwks(auth: Auth) -> Jwks:
    """The public keys that check access tokens (RFC 7517)."""
    return Jwks.model_validate(auth.jwks)


@router.get("/.well-known/ssh-authorities", response_class=PlainTextResponse)
async def ssh_authorities(auth: Auth) -> str:
    """The keys whose SSH certificates machines are to trust: the content of a `TrustedUserCAKeys` file."""
    return "".join(f"{key}\n" for key in auth.certificates.authority.public_keys())


def _hand_over(signed_in: SignedIn, auth: Parts, response: Response) -> SignedInBody:
    left = signed_in.session_expires_at - auth.clock()
    auth.cookie.hand_over(response, signed_in.refresh_token, seconds=int(left.total_seconds()))
    return SignedInBody(
        access_token=signed_in.access_token,
        expires_in=int(ACCESS_TOKEN_LIFE.total_seconds()),
        account=SignedInAccount(
            id=UUID(signed_in.account_id),
            username=signed_in.details.username,
            role=signed_in.details.role,
            status="active",
        ),
    )
