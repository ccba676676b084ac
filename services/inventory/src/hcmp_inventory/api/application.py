"""The application: every route of the inventory behind the shared door."""

from fastapi import FastAPI

from hcmp_inventory.api import administration, policies, pool, vcenter, vms
from hcmp_inventory.api.errors import ERRORS
from hcmp_webkit.app import Lifespan, create_app


def application(lifespan: Lifespan | None = None) -> FastAPI:
    app = create_app(service="inventory", lifespan=lifespan, errors=ERRORS)
    app.include_router(vms.router)
    app.include_router(pool.router)
    app.include_router(policies.router)
    app.include_router(vcenter.router)
    app.include_router(administration.router)
    return app
