"""The composition root of the terminal."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from uuid_utils.compat import uuid7

from hcmp_terminal.adapters.credentials import Credentials
from hcmp_terminal.adapters.ssh import AsyncsshShells
from hcmp_terminal.api.application import application
from hcmp_terminal.api.parts import Parts
from hcmp_terminal.projections.model import MODEL
from hcmp_terminal.reactors import LiveShells, Sweeper, end_released, tell_held
from hcmp_terminal.settings import TerminalSettings
from hcmp_webkit.identity import Identity
from hcmp_webkit.platform import open_platform
from hcmp_webkit.serve import serve
from hcmp_webkit.ssh_certificates import SshCertificates
from hcmp_webkit.vault import Vault


def build(settings: TerminalSettings, *, identity: Identity | None = None) -> FastAPI:
    """The service, whose parts open when it starts. Without `identity` the auth service is asked."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            platform = await stack.enter_async_context(
                open_platform(settings, service="terminal", model=MODEL, identity=identity)
            )
            credentials = Credentials(
                certificates=SshCertificates(platform.client),
                platform_key=settings.ssh_key_file,
                vault=Vault(settings.fernet_keys.get_secret_value()),
            )
            live = LiveShells()
            app.state.parts = Parts(
                pool=platform.pool,
                store=platform.store,
                shells=AsyncsshShells(credentials),
                live=live,
                public_url=settings.public_url,
                new_id=uuid7,
            )
            sweeper = Sweeper(platform.client, platform.store, platform.projector, platform.pool)
            await stack.enter_async_context(
                platform.background(
                    end_released(platform.projector, platform.pool, live),
                    tell_held(platform.client, live),
                    sweeper.run(),
                )
            )
            platform.attach(app)
            yield

    return application(lifespan)


def main() -> None:
    settings = TerminalSettings()
    serve(build(settings), settings, service="terminal")
