"""`python -m hcmp_eventstore.setup`: make the streams; run once at start with the set-up credential."""

import asyncio
import os

import structlog

from hcmp_eventstore.connection import connect
from hcmp_eventstore.durability import NotDurableError, require_sync_always
from hcmp_eventstore.streams import ensure_streams

log = structlog.get_logger(__name__)


async def main() -> None:
    environment = os.environ
    if monitoring := environment.get("HCMP_NATS_MONITORING_URL"):
        await require_sync_always(monitoring)
    async with connect(
        environment["HCMP_NATS_URL"],
        name="setup",
        user=environment["HCMP_NATS_USER"],
        password=environment["HCMP_NATS_PASSWORD"],
    ) as client:
        await ensure_streams(client.jetstream(), replicas=int(environment.get("HCMP_NATS_REPLICAS", "1")))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except NotDurableError as reason:
        raise SystemExit(str(reason)) from None
