"""What every service's main opens: broker, event store, read model, identity; and its tasks in the background."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI
from nats.aio.client import Client

from hcmp_eventstore.connection import connect
from hcmp_eventstore.projector import Pool, Projector, ReadModel, open_pool
from hcmp_eventstore.store import EventStore
from hcmp_webkit.health import Readiness
from hcmp_webkit.identity import Identity, remote_identity
from hcmp_webkit.settings import ServiceSettings

log = structlog.get_logger(__name__)


@dataclass
class Platform:
    """The open parts of a running service. `crashed` names background tasks that ended with an error."""

    client: Client
    store: EventStore
    projector: Projector
    pool: Pool
    identity: Identity
    crashed: dict[str, str] = field(default_factory=dict)

    def attach(self, app: FastAPI) -> None:
        """Let routes find the identity, and readiness the state of these parts."""
        app.state.identity = self.identity
        readiness: Readiness = app.state.readiness
        readiness.add("broker", self._broker)
        readiness.add("read-model", self._read_model)
        readiness.add("background", self._background)

    async def _broker(self) -> str | None:
        return None if self.client.is_connected else "not connected to the broker"

    async def _read_model(self) -> str | None:
        if self.projector.failure:
            return self.projector.failure
        return None if self.projector.caught_up else f"catching up, at event {self.projector.position}"

    async def _background(self) -> str | None:
        return "; ".join(f"{name}: {reason}" for name, reason in self.crashed.items()) or None

    @asynccontextmanager
    async def background(self, *coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Run these beside the service. One that ends with an error turns readiness red and says so."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                self.crashed[task.get_name()] = f"{type(error).__name__}: {error}"
                log.error("background_task_crashed", task=task.get_name(), exc_info=error)

        tasks = []
        for coroutine in coroutines:
            task = asyncio.create_task(coroutine, name=getattr(coroutine, "__qualname__", "background"))
            task.add_done_callback(ended)
            tasks.append(task)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def open_platform(
    settings: ServiceSettings, *, service: str, model: ReadModel, identity: Identity | None = None
) -> AsyncIterator[Platform]:
    """Open everything that a service needs; its projector and its watch on revoked sessions run inside.

    Without `identity` the auth service is asked over NATS. Closed in reverse order.
    """
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            connect(
                settings.nats_url,
                name=service,
                user=settings.nats_user,
                password=settings.nats_password.get_secret_value(),
            )
        )
        store = EventStore(client, source=service)
        database_url = settings.database_url.get_secret_value()
        platform = Platform(
            client=client,
            store=store,
            projector=Projector(store=store, database_url=database_url, model=model),
            pool=await stack.enter_async_context(open_pool(database_url, model)),
            identity=identity or remote_identity(client),
        )
        await stack.enter_async_context(
            platform.background(platform.projector.run(), platform.identity.follow_revocations(client))
        )
        yield platform
