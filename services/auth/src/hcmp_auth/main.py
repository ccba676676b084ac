"""The composition root of the auth service."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from hcmp_auth.adapters.administrators import TurnTakingAdministrators
from hcmp_auth.adapters.credentials import StoredCredentials
from hcmp_auth.adapters.database import open_database, sweep
from hcmp_auth.adapters.passwords import Argon2Passwords
from hcmp_auth.adapters.sessions import StoredSessions
from hcmp_auth.adapters.signing import SigningKey
from hcmp_auth.adapters.ssh_authority import SshAuthority
from hcmp_auth.adapters.throttle import StoredThrottle
from hcmp_auth.adapters.tickets import StoredTickets
from hcmp_auth.api.application import application
from hcmp_auth.api.broker import answer_requests
from hcmp_auth.api.cookies import RefreshCookie
from hcmp_auth.api.parts import Parts
from hcmp_auth.domain.password import PasswordRules
from hcmp_auth.handlers.administration import Administration
from hcmp_auth.handlers.certificates import CertificateOffice
from hcmp_auth.handlers.own_sessions import OwnSessions
from hcmp_auth.handlers.registration import Registration
from hcmp_auth.handlers.session_ends import SessionEnds
from hcmp_auth.handlers.sign_in import SignIn
from hcmp_auth.handlers.tickets import TicketOffice
from hcmp_auth.projections.accounts import MODEL
from hcmp_auth.settings import AuthSettings
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import utc_now
from hcmp_webkit.identity import Identity
from hcmp_webkit.platform import Platform, open_platform
from hcmp_webkit.serve import serve

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 60
Clock = Callable[[], datetime]


def new_secret() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Outside:
    """What was opened: the parts that touch the outside world."""

    signing_key: SigningKey
    authority: SshAuthority
    database: Pool
    passwords: Argon2Passwords
    tickets: TicketOffice
    platform: Platform


def build(settings: AuthSettings, *, clock: Clock = utc_now) -> FastAPI:
    """The service, whose parts open when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            outside = await _open_outside(stack, settings, clock)
            parts = _assemble(outside, clock, settings)
            await parts.registration.ensure_operator(
                settings.operator_username,
                settings.operator_password.get_secret_value(),
                Context(actor="service/auth", correlation_id=str(uuid7())),
            )
            await answer_requests(outside.platform.client, parts)
            await stack.enter_async_context(outside.platform.background(_sweep_for_ever(outside.database, clock)))
            app.state.parts = parts
            outside.platform.attach(app)
            yield

    return application(lifespan)


async def _open_outside(stack: AsyncExitStack, settings: AuthSettings, clock: Clock) -> Outside:
    signing_key = SigningKey.read(settings.signing_key_file, new_id=uuid7)
    authority = SshAuthority.read(settings.ssh_authority_files)
    database = await stack.enter_async_context(open_database(settings.database_url.get_secret_value()))
    passwords = Argon2Passwords()
    stack.callback(passwords.close)
    tickets = TicketOffice(tickets=StoredTickets(database), clock=clock, new_secret=new_secret)

    async def own_jwks() -> dict[str, Any]:
        return signing_key.jwks()

    identity = Identity(fetch_jwks=own_jwks, redeem=tickets.redeem)
    platform = await stack.enter_async_context(
        open_platform(settings, service="auth", model=MODEL, identity=identity)
    )
    return Outside(signing_key, authority, database, passwords, tickets, platform)


def _assemble(outside: Outside, clock: Clock, settings: AuthSettings) -> Parts:
    store, projector = outside.platform.store, outside.platform.projector
    credentials = StoredCredentials(outside.database)
    sessions = StoredSessions(outside.database)
    ends = SessionEnds(store)
    throttle = StoredThrottle(outside.database)
    rules = PasswordRules(settings.own_password_words)
    sign_in = SignIn(
        store=store,
        projector=projector,
        credentials=credentials,
        sessions=sessions,
        ends=ends,
        passwords=outside.passwords,
        throttle=throttle,
        rules=rules,
        signer=outside.signing_key,
        clock=clock,
        new_id=uuid7,
        new_secret=new_secret,
    )
    return Parts(
        registration=Registration(
            store=store,
            projector=projector,
            credentials=credentials,
            passwords=outside.passwords,
            throttle=throttle,
            rules=rules,
            clock=clock,
            new_id=uuid7,
        ),
        sign_in=sign_in,
        own_sessions=OwnSessions(store=store, sessions=sessions, ends=ends, sign_in=sign_in, clock=clock),
        tickets=outside.tickets,
        administration=Administration(
            store=store,
            projector=projector,
            sessions=sessions,
            administrators=TurnTakingAdministrators(database=outside.database, read_model=outside.platform.pool),
        ),
        certificates=CertificateOffice(
            store=store,
            authority=outside.authority,
            clock=clock,
            new_id=uuid7,
            source_addresses=settings.source_addresses,
        ),
        accounts=outside.platform.pool,
        jwks=outside.signing_key.jwks(),
        clock=clock,
        cookie=RefreshCookie(secure=settings.public_url.startswith("https://")),
    )


async def _sweep_for_ever(database: Pool, clock: Clock) -> None:
    while True:
        try:
            await sweep(database, clock())
        except psycopg.Error as error:
            log.warning("sweep_failed", reason=str(error))
        await asyncio.sleep(SWEEP_SECONDS)


def main() -> None:
    settings = AuthSettings()
    serve(build(settings), settings, service="auth")
