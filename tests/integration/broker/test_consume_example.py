"""The documented example of a program outside: it reads with its own credential, and goes on where it stopped."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from nats.aio.client import Client

from hcmp_cli import broker
from hcmp_cli.installation import Installation
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "consume_events.py"
CONTEXT = Context(actor="account/1", correlation_id="request-1")


@asynccontextmanager
async def consuming(installation: Installation, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """The example's lines, while it runs; killed afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLE,
        *arguments,
        env=os.environ
        | {
            "NATS_URL": broker.url(installation.ports),
            "NATS_PASSWORD": (installation.home.secrets / "nats-consumer.password").read_text().strip(),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        # What was handed out to one that was killed comes again after 10 s.
        async with asyncio.timeout(40):
            yield process.stdout
    finally:
        process.kill()
        await process.communicate()


async def test_a_program_outside_reads_events_and_goes_on_where_it_stopped(
    installation: Installation, login: Callable[[str], Awaitable[Client]]
) -> None:
    store, vm = EventStore(await login("inventory"), source="inventory"), uuid4().hex
    arguments = (f"outside-{vm}", f"hcmp.vm.{vm}.*")
    version = await store.append([Write("vm", vm, 0, [VmMaintenanceStarted(reason="disk")])], CONTEXT)
    async with consuming(installation, *arguments) as lines:
        assert (await lines.readline()).decode().endswith("hcmp.vm.maintenance-started.v1 {'reason': 'disk'}\n")
        version = await store.append([Write("vm", vm, version, [VmMaintenanceEnded()])], CONTEXT)
        assert b"hcmp.vm.maintenance-ended.v1" in await lines.readline()
    await store.append([Write("vm", vm, version, [VmMaintenanceStarted(reason="again")])], CONTEXT)
    async with consuming(installation, *arguments) as lines:
        line = (await lines.readline()).decode()
        if "maintenance-ended" in line:  # killed between its line and its acknowledgement: at least once
            line = (await lines.readline()).decode()
        assert "{'reason': 'again'}" in line
