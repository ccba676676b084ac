"""A service as a process of its own, as an installation runs it."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from hcmp_testkit.nats import PASSWORD, USER, NatsServer
from hcmp_testkit.ports import free_port
from hcmp_testkit.warm import WarmProcess, start

START_SECONDS = 30
STOP_SECONDS = 15


@dataclass(frozen=True)
class ServiceProcess:
    """A service that is ready."""

    port: int
    process: WarmProcess
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def resident_bytes(self) -> int:
        """How much memory the process has now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def running(
    module: str, *, nats: NatsServer, database_url: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[ServiceProcess]:
    """`python -m module` with these settings, from the moment it is ready until the block is left."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HCMP_")}
    environment |= {
        "HCMP_PORT": str(port),
        "HCMP_NATS_URL": nats.url,
        "HCMP_NATS_USER": USER,
        "HCMP_NATS_PASSWORD": PASSWORD,
        "HCMP_DATABASE_URL": database_url,
        "HCMP_PUBLIC_URL": f"http://127.0.0.1:{port}",
        **(settings or {}),
    }
    with tempfile.TemporaryDirectory(prefix="hcmp-service-") as directory:
        log = Path(directory) / "log"
        process = start(module, environment, log)
        service = ServiceProcess(port, process, log)
        try:
            await _ready(service)
            yield service
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            finally:
                sys.stdout.write(log.read_text())  # pytest shows it with a test that failed


async def _ready(service: ServiceProcess) -> None:
    async with httpx.AsyncClient() as http:
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            try:
                if (await http.get(f"{service.url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            if service.process.poll() is not None or asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(service.log.read_text())
            await asyncio.sleep(0.05)
