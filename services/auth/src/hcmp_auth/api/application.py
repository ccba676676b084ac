"""The application: every route of the auth service behind the shared door."""

from fastapi import FastAPI

from hcmp_auth.api import accounts, own_sessions, sessions
from hcmp_auth.api.errors import ERRORS
from hcmp_webkit.app import Lifespan, create_app


def application(lifespan: Lifespan | None = None) -> FastAPI:
    app = create_app(service="auth", lifespan=lifespan, errors=ERRORS)
    app.include_router(sessions.router)
    app.include_router(own_sessions.router)
    app.include_router(accounts.router)
    return app
