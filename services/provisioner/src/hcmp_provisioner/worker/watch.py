"""What a worker watches while a run goes on: the project's own events, and its connection to the broker."""

import asyncio
from contextlib import aclosing

from nats.aio.client import Client

from hcmp_contracts.project import CancelRequested, ProjectDeleted, ProvisioningStarted
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.reader import read_batches
from hcmp_eventstore.recorded import read_recorded
from hcmp_eventstore.streams import EVENTS
from hcmp_provisioner.domain.errors import RunCancelRequestedError, RunFencedError, RunNotWantedError

# The broker gives the run to another worker 10 s after this one fell silent; both at once must not be.
CUT_OFF_SECONDS = 8.0
LOOK_SECONDS = 0.5


async def watch_project(client: Client, project_id: str, *, worker: str, after: int) -> None:
    """Read what happens to the project behind event `after`, until the run of `worker` is to stop.

    Raises RunCancelRequestedError, RunFencedError or RunNotWantedError.
    """
    subjects = [f"hcmp.project.{project_id}.>"]
    async with aclosing(read_batches(client, stream=EVENTS, subjects=subjects, after=after)) as batches:
        async for batch in batches:
            for message in batch:
                match read_recorded(*message).event:
                    case CancelRequested():
                        raise RunCancelRequestedError
                    case ProvisioningStarted(worker=other) if other != worker:
                        raise RunFencedError(other)
                    case ProjectDeleted():
                        raise RunNotWantedError("deleted")
                    case _:
                        continue


async def watch_broker(client: Client) -> None:
    """Raise StoreUnavailableError when the broker has been out of reach for CUT_OFF_SECONDS."""
    loop = asyncio.get_running_loop()
    heard = loop.time()
    while loop.time() - heard < CUT_OFF_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
        if client.is_connected:
            heard = loop.time()
    raise StoreUnavailableError(f"the broker was out of reach for {CUT_OFF_SECONDS:.0f} s")
