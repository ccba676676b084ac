"""The composition root of the API: the only file of it that constructs things."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from hcmp_eventstore.store import utc_now
from hcmp_provisioner.adapters.templates import load_templates
from hcmp_provisioner.api import access
from hcmp_provisioner.api.application import build
from hcmp_provisioner.handlers import Projects
from hcmp_provisioner.live_log import LiveLog
from hcmp_provisioner.projections.read_model import READ_MODEL
from hcmp_provisioner.reactors import SERVICE, Reactions
from hcmp_provisioner.settings import ApiSettings
from hcmp_webkit.identity import Identity
from hcmp_webkit.platform import open_platform
from hcmp_webkit.serve import serve


def make_app(settings: ApiSettings, *, identity: Identity | None = None) -> FastAPI:
    """The API over everything it needs. Without `identity` the auth service says who calls."""
    templates = load_templates(settings.playbooks_dir)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_platform(settings, service=SERVICE, model=READ_MODEL, identity=identity) as platform:
            store, projector, pool = platform.store, platform.projector, platform.pool
            platform.attach(app)
            access.install(
                app,
                projects=Projects(store, projector, pool, templates),
                live_log=LiveLog(store, projector, pool),
                public_url=settings.public_url,
            )
            reactors = Reactions(store, projector, pool, utc_now).reactors()
            async with platform.background(*(reactor.run() for reactor in reactors)):
                yield

    return build(lifespan)


def main() -> None:
    settings = ApiSettings()
    serve(make_app(settings), settings, service=SERVICE)
