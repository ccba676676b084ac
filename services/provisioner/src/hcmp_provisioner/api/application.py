"""The application with all its routes, without anything behind it."""

from fastapi import FastAPI

from hcmp_provisioner.api import catalogue, drain, logs, projects, provision
from hcmp_provisioner.api.errors import ERRORS
from hcmp_webkit.app import Lifespan, create_app


def build(lifespan: Lifespan | None = None) -> FastAPI:
    """The API of this service; its lifespan opens what the routes work with."""
    app = create_app(service="provisioner", lifespan=lifespan, errors=ERRORS)
    for room in (catalogue, drain, provision, projects, logs):
        app.include_router(room.router)
    return app
