"""The application: every route of the monitor behind the shared door."""

from fastapi import FastAPI

from hcmp_monitor.api import activity, catalogue, monitoring
from hcmp_webkit.app import Lifespan, create_app


def application(lifespan: Lifespan | None = None) -> FastAPI:
    app = create_app(service="monitor", lifespan=lifespan)
    app.include_router(monitoring.router)
    app.include_router(activity.router)
    app.include_router(catalogue.router)
    return app
