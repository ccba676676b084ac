"""`python -m hcmp_eventstore.setup`: make the streams; run once at start with the set-up credential."""

import asyncio
import json
import os
import urllib.request

import structlog

from hcmp_eventstore.connection import connect
from hcmp_eventstore.streams import ensure_streams

log = structlog.get_logger(__name__)


def require_sync_always(monitoring_url: str) -> None:
    """Refuse a broker that acknowledges before it has written to disk.

    Source: nats-server's `/varz`, field `jetstream.config.sync_always`.
    """
    with urllib.request.urlopen(f"{monitoring_url}/varz", timeout=5) as answer:  # noqa: S310
        jetstream = json.load(answer)["jetstream"]
    if not jetstream.get("config", {}).get("sync_always"):
        raise SystemExit("the broker does not sync before it acknowledges: set `sync_interval: always`")


async def main() -> None:
    environment = os.environ
    if monitoring := environment.get("HCMP_NATS_MONITORING_URL"):
        require_sync_always(monitoring)
    async with connect(
        environment["HCMP_NATS_URL"],
        name="setup",
        user=environment["HCMP_NATS_USER"],
        password=environment["HCMP_NATS_PASSWORD"],
    ) as client:
        await ensure_streams(client.jetstream(), replicas=int(environment.get("HCMP_NATS_REPLICAS", "1")))


if __name__ == "__main__":
    asyncio.run(main())
