"""The composition root of the archive: one task, behind a small application that tells its health and metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from hcmp_archive.copying import Copier
from hcmp_webkit.app import create_app
from hcmp_webkit.platform import open_broker
from hcmp_webkit.serve import serve
from hcmp_webkit.settings import ServiceSettings

SERVICE = "archive"


def build(settings: ServiceSettings) -> FastAPI:
    """The archive, which copies from the moment it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_broker(settings, name=SERVICE) as client:
            copier = Copier(client, settings.database_url.get_secret_value())
            copying = asyncio.create_task(copier.run())

            async def broker() -> str | None:
                return None if client.is_connected else "not connected to the broker"

            async def archive() -> str | None:
                return copier.failure or (None if copier.caught_up else f"catching up, at event {copier.position}")

            app.state.readiness.add("broker", broker)
            app.state.readiness.add("archive", archive)
            try:
                yield
            finally:
                copying.cancel()
                await asyncio.gather(copying, return_exceptions=True)

    return create_app(service=SERVICE, lifespan=lifespan)


def main() -> None:
    settings = ServiceSettings()
    serve(build(settings), settings, service=SERVICE)
