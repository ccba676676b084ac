"""An older store put back under a broker, as a bad restore would, or a disk that went back to a snapshot."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nats.aio.client import Client

from hcmp_testkit.history import eventually
from hcmp_testkit.nats import NatsServer

RECONNECT_SECONDS = 20


@asynccontextmanager
async def older_store(server: NatsServer, client: Client) -> AsyncIterator[None]:
    """What is appended inside is gone when the block is left: the broker stands on the store of before, and the
    client is connected to it again.
    """
    with tempfile.TemporaryDirectory(prefix="hcmp-nats-old-") as directory:
        store, kept = server.directory / server.name, Path(directory) / "store"
        server.stop()
        shutil.copytree(store, kept)
        await _start(server, client)
        yield
        server.stop()
        shutil.rmtree(store)
        shutil.copytree(kept, store)
        await _start(server, client)


async def _start(server: NatsServer, client: Client) -> None:
    before = client.stats["reconnects"]

    async def reconnections() -> int:
        return client.stats["reconnects"]

    server.start()
    await eventually(reconnections, lambda now: now > before, seconds=RECONNECT_SECONDS)
