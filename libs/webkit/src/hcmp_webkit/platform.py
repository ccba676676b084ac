"""What every service's main opens: broker, event store, read model, identity; and its tasks in the background."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI
from nats.aio.client import Client

from hcmp_eventstore.connection import connect
from hcmp_eventstore.durability import require_sync_always
from hcmp_eventstore.projection import ReadModel
from hcmp_eventstore.projector import Pool, Projector, open_pool
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.store import EventStore
from hcmp_webkit.figures import Ask, Figures
from hcmp_webkit.health import Readiness
from hcmp_webkit.identity import Identity, remote_identity
from hcmp_webkit.settings import ServiceSettings

log = structlog.get_logger(__name__)


def end_gracefully() -> None:
    """Ask this process to stop as its supervisor would."""
    signal.raise_signal(signal.SIGTERM)


@dataclass
class Platform:
    """The open parts of a running service. `end_process` is what follows when a background task crashes."""

    client: Client
    store: EventStore
    projector: Projector
    pool: Pool
    identity: Identity
    end_process: Callable[[], None] = end_gracefully

    def attach(self, app: FastAPI, figures: Ask | None = None) -> None:
        """Let routes find the identity, readiness these parts' state, and metrics the read model's figures."""
        app.state.identity = self.identity
        readiness: Readiness = app.state.readiness
        readiness.add("broker", self._broker)
        readiness.add("read-model", self._read_model)
        readiness.add("log", self._log)
        if figures is not None:
            app.state.refreshes.append(Figures(self.pool, figures).refresh)

    async def _broker(self) -> str | None:
        return None if self.client.is_connected else "not connected to the broker"

    async def _log(self) -> str | None:
        return self.store.guard.refusal

    async def _read_model(self) -> str | None:
        if self.projector.failure:
            return self.projector.failure
        return None if self.projector.caught_up else f"catching up, at event {self.projector.position}"

    def reacting(self, reactors: Iterable[Reactor]) -> AbstractAsyncContextManager[None]:
        """Run these beside the service, as `background` does, once the read model can be asked."""

        async def react(reactor: Reactor) -> None:
            await self.projector.prepared()
            await reactor.run()

        return self.background(*(react(reactor) for reactor in reactors))

    @asynccontextmanager
    async def background(self, *coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Run these beside the service. One that ends with an error ends the process, so that its supervisor
        starts it again: a service that only looks alive would help nobody.
        """

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                log.error("background_task_crashed", task=task.get_name(), exc_info=error)
                self.end_process()

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
async def open_broker(settings: ServiceSettings, *, name: str) -> AsyncIterator[Client]:
    """Connect, once the broker is known to write an event to disk before it acknowledges it."""
    if settings.nats_monitoring_url:
        await require_sync_always(settings.nats_monitoring_url)
    async with connect(
        settings.nats_url,
        name=name,
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
    ) as client:
        yield client


@asynccontextmanager
async def open_platform(
    settings: ServiceSettings, *, service: str, model: ReadModel, identity: Identity | None = None
) -> AsyncIterator[Platform]:
    """Open everything that a service needs; its projector and its watch on revoked sessions run inside.

    Without `identity` the auth service is asked over NATS. Closed in reverse order.
    """
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_broker(settings, name=service))
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
            platform.background(platform.projector.run(), platform.identity.revocations.follow(client))
        )
        yield platform
