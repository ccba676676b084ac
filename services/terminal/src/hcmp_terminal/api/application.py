"""The application: every route of the terminal behind the shared door."""

from fastapi import FastAPI

from hcmp_terminal.api import sessions, shells
from hcmp_webkit.app import Lifespan, create_app


def application(lifespan: Lifespan | None = None) -> FastAPI:
    app = create_app(service="terminal", lifespan=lifespan)
    app.include_router(shells.router)
    app.include_router(sessions.router)
    return app
