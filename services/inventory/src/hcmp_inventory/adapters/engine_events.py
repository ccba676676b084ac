"""What happens to an installation's lab machines, told by the container engine in the moment that it happens.

Source: Docker Engine API, `GET /events` (https://docs.docker.com/reference/api/engine/).
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import docker
import structlog
from docker import DockerClient
from docker.errors import DockerException
from docker.types.daemon import CancellableStream

from hcmp_inventory.ports.provider import ProviderError

log = structlog.get_logger(__name__)

INSTALLATION = "hcmp.installation"
MACHINE = "hcmp.machine"
# After each of these a machine may be another, elsewhere, off or gone.
_HAPPENINGS = ["start", "die", "pause", "unpause", "destroy", "rename", "connect", "disconnect"]
_JOIN_SECONDS = 5.0


async def changes(installation: str) -> AsyncGenerator[None]:
    """Once when the engine is listened to, and then after each thing that happens to one of the machines, whoever
    did it. Raises ProviderError when the engine cannot be heard, or no more.
    """
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[bool]()
    try:
        client, stream = await asyncio.to_thread(_opened)
    except (DockerException, OSError) as error:
        raise ProviderError(f"the container engine tells no events: {error}") from error

    def listen() -> None:
        _hear(stream, lambda ours: loop.call_soon_threadsafe(heard.put_nowait, ours), installation)

    # The SDK blocks: a thread of its own, so that it takes none of those that work is done in.
    listener = threading.Thread(target=listen, name="engine-events", daemon=True)
    listener.start()
    try:
        yield
        while await heard.get():
            yield
        raise ProviderError("the container engine tells no more events")
    finally:
        await asyncio.to_thread(_stop, stream, listener)
        await asyncio.to_thread(client.close)


def _opened() -> tuple[DockerClient, CancellableStream]:
    """A connection of its own, which this stream keeps."""
    client = docker.from_env(timeout=60)
    try:
        filters = {"type": ["container", "network"], "event": _HAPPENINGS}
        return client, client.events(decode=True, filters=filters)
    except BaseException:
        client.close()
        raise


def _hear(stream: CancellableStream, tell: Callable[[bool], object], installation: str) -> None:
    """Tell of each event that is ours with True, and of the end with False."""
    try:
        for event in stream:
            if _is_ours(event, installation):
                tell(True)
    except (DockerException, OSError, ValueError, AttributeError) as error:  # the connection, or its end from here
        log.info("engine_events_ended", reason=str(error))
    finally:
        tell(False)


def _stop(stream: CancellableStream, listener: threading.Thread) -> None:
    try:
        stream.close()
    except (OSError, AttributeError) as error:  # it has ended by itself
        log.debug("engine_events_closed", reason=str(error))
    listener.join(_JOIN_SECONDS)


def _is_ours(event: Mapping[str, Any], installation: str) -> bool:
    """A container by its labels; of a network only its name is told."""
    about: Mapping[str, str] = event.get("Actor", {}).get("Attributes", {})
    if event.get("Type") == "network":
        return about.get("name") == f"hcmp-{installation}"
    return about.get(INSTALLATION) == installation and MACHINE in about
