"""One connection to the broker, with the options that a service which must not lose anything needs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import structlog
from nats.aio.client import Client

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 3


@asynccontextmanager
async def connect(url: str, *, name: str, user: str, password: str) -> AsyncIterator[Client]:
    """Connect, and close within DRAIN_SECONDS at the end. `url` may name several brokers of a cluster, separated
    by commas; one that answers tells the addresses of the others.

    The client reconnects for ever (the default gives up after 60 tries) and buffers nothing while it is
    disconnected: a command must fail at once rather than be sent much later. A broker that has gone silent is
    left within 6 s, so that an election of the others is no longer than the promised 10 s for this client too.
    """

    async def disconnected() -> None:
        log.info("broker_disconnected")

    async def reconnected() -> None:
        log.info("broker_reconnected")

    async def failed(error: Exception) -> None:
        log.warning("broker_error", error=str(error), kind=type(error).__name__)

    client = await nats.connect(
        url.split(","),
        name=name,
        user=user,
        password=password,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,  # `nats.connect` takes a fraction and hands it on
        connect_timeout=2,
        ping_interval=2,
        max_outstanding_pings=2,
        drain_timeout=DRAIN_SECONDS,
        pending_size=-1,
        disconnected_cb=disconnected,
        reconnected_cb=reconnected,
        error_cb=failed,
    )
    try:
        yield client
    finally:
        try:
            async with asyncio.timeout(DRAIN_SECONDS + 1):
                await (client.drain() if client.is_connected else client.close())
        except (OSError, TimeoutError) as error:
            log.info("broker_connection_was_gone_at_close", error=str(error))
