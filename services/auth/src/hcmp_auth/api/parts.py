"""What the routes work with: handed over once, in main."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from hcmp_auth.api.cookies import RefreshCookie
from hcmp_auth.handlers.administration import Administration
from hcmp_auth.handlers.certificates import CertificateOffice
from hcmp_auth.handlers.own_sessions import OwnSessions
from hcmp_auth.handlers.registration import Registration
from hcmp_auth.handlers.sign_in import SignIn
from hcmp_auth.handlers.tickets import TicketOffice
from hcmp_eventstore.projector import Pool


@dataclass(frozen=True)
class Parts:
    registration: Registration
    sign_in: SignIn
    own_sessions: OwnSessions
    tickets: TicketOffice
    administration: Administration
    certificates: CertificateOffice
    accounts: Pool
    jwks: dict[str, Any]
    clock: Callable[[], datetime]
    cookie: RefreshCookie


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Auth = Annotated[Parts, Depends(_parts)]
