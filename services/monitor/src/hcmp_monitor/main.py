"""The composition root of the monitor."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI

from hcmp_eventstore.store import utc_now
from hcmp_monitor.adapters.prometheus import Prometheus
from hcmp_monitor.api.application import application
from hcmp_monitor.api.parts import Parts
from hcmp_monitor.projections.model import MODEL
from hcmp_monitor.reactors import DeadLetters
from hcmp_monitor.settings import MonitorSettings
from hcmp_webkit.identity import Identity
from hcmp_webkit.platform import open_platform
from hcmp_webkit.serve import serve


def build(settings: MonitorSettings, *, identity: Identity | None = None) -> FastAPI:
    """The service, whose parts open when it starts. Without `identity` the auth service is asked."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            platform = await stack.enter_async_context(
                open_platform(settings, service="monitor", model=MODEL, identity=identity)
            )
            client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=2.0))
            app.state.parts = Parts(
                pool=platform.pool,
                projector=platform.projector,
                figures=Prometheus(client),
                prometheus_url=settings.prometheus_url,
                clock=utc_now,
            )
            platform.attach(app)
            letters = DeadLetters(platform.store)
            await stack.enter_async_context(platform.background(letters.follow()))
            yield

    return application(lifespan)


def main() -> None:
    settings = MonitorSettings()
    serve(build(settings), settings, service="monitor")
