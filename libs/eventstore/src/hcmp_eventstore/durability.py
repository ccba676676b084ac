"""Whether the broker acknowledges only what it has written to disk: otherwise a power cut takes events back."""

import asyncio
import json
import urllib.request

from hcmp_eventstore.errors import EventStoreError

ANSWER_SECONDS = 5.0


class NotDurableError(EventStoreError):
    """The broker acknowledges an event before it is on disk: nothing may be built on it."""


async def require_sync_always(monitoring_urls: str) -> None:
    """Ask each server of the broker, `http://host:port` separated by commas. Raises NotDurableError, and OSError
    when one does not answer.

    Source: nats-server's `/varz`, field `jetstream.config.sync_always`.
    """
    for url in monitoring_urls.split(","):
        if not await asyncio.to_thread(_syncs_always, url.strip()):
            raise NotDurableError(
                f"the broker at {url.strip()} acknowledges before it syncs: set `sync_interval: always`"
            )


def _syncs_always(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/varz", timeout=ANSWER_SECONDS) as answer:  # noqa: S310
        jetstream = json.load(answer)["jetstream"]
    return bool(jetstream.get("config", {}).get("sync_always"))
