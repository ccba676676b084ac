"""What the leader of the log's copies knows: a replica that answers a direct get may be a little behind it.

Source: `STREAM.MSG.GET`, NATS ADR-31, which only the leader answers.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from hcmp_eventstore.brokers import Brokers
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.refusals import MESSAGE_NOT_FOUND, RefusedError
from hcmp_eventstore.streams import EVENTS

SILENCE_SECONDS = 1.2
# A little longer than an election mostly takes.
PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.05


async def ask(
    client: Client, subject: str, payload: bytes, *, seconds: float, headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The broker's answer. Raises RefusedError when it is an error, nats.errors.Error when there is none."""
    answer = await client.request(subject, payload, timeout=seconds, headers=headers)
    said: dict[str, Any] = json.loads(answer.data)
    if error := said.get("error"):
        raise RefusedError(error.get("err_code", 0), error.get("description", ""))
    return said


class Leader:
    """The leader of the stream EVENTS, whichever broker that is."""

    def __init__(self, client: Client, brokers: Brokers) -> None:
        self._client = client
        self._brokers = brokers
        self._replicas: int | None = None

    async def newer(self, seen: Mapping[str, int]) -> dict[str, int]:
        """Those of these aggregates (by subject filter) that have moved on from the version at which they were
        `seen`, with the leader's version. A broker without replicas is not asked: whatever it answers is the log
        itself. Raises StoreUnavailableError.
        """
        if not await self._replicated():
            return {}
        versions = await asyncio.gather(*(self._version(subject) for subject in seen))
        return {
            subject: version for subject, version in zip(seen, versions, strict=True) if version > seen[subject]
        }

    async def message(self, wanted: Mapping[str, Any], *, seconds: float) -> dict[str, Any] | None:
        """A stored message, or None when there is none; asked for again while nobody leads, and for so long.
        Raises StoreUnavailableError.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        subject, payload = f"$JS.API.STREAM.MSG.GET.{EVENTS}", json.dumps(wanted).encode()
        while True:
            try:
                said = await ask(self._client, subject, payload, seconds=SILENCE_SECONDS)
            except (NatsError, RefusedError) as refusal:
                if isinstance(refusal, RefusedError) and refusal.code == MESSAGE_NOT_FOUND:
                    return None
                late = asyncio.get_running_loop().time() > deadline
                if late or await self._brokers.too_few():
                    raise StoreUnavailableError(f"ask the leader for {wanted}") from refusal
            else:
                message: dict[str, Any] = said["message"]
                return message
            await asyncio.sleep(RETRY_SECONDS)

    async def _version(self, subject: str) -> int:
        """The last sequence of these events; 0 when there are none."""
        stored = await self.message({"last_by_subj": subject}, seconds=PATIENCE_SECONDS)
        return int(stored["seq"]) if stored else 0

    async def _replicated(self) -> bool:
        if self._replicas is None:
            try:
                info = await self._client.jetstream(timeout=SILENCE_SECONDS).stream_info(EVENTS)
            except NatsError as silence:
                raise StoreUnavailableError("ask for the log's replicas") from silence
            self._replicas = info.config.num_replicas or 1
        return self._replicas > 1
