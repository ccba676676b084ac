"""Dead letters go on record: what a reaction gave up on shows to operators with everything else that happened."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from hcmp_eventstore.errors import ConcurrencyError, EventStoreError
from hcmp_eventstore.reader import Stored, read_batches
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_eventstore.streams import DEAD_LETTERS, EVENTS
from hcmp_monitor.domain.dead_letters import finding

log = structlog.get_logger(__name__)

ON_RECORD = "hcmp.dead-letter.*.recorded"
RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class DeadLetters:
    """Each letter is an aggregate of its own, so that two copies of the monitor record it once."""

    store: EventStore

    async def follow(self) -> None:
        """Record every dead letter, for ever, from behind the last one that is on record."""
        while True:
            try:
                letters = read_batches(
                    self.store.client,
                    stream=DEAD_LETTERS,
                    subjects=["hcmp.deadletter.>"],
                    after=await self._last_recorded(),
                )
                async with aclosing(letters) as batches:
                    async for batch in batches:
                        await self._record(batch)
            except (EventStoreError, NatsError) as silence:
                log.warning("dead_letters_not_recorded", reason=str(silence))
                await asyncio.sleep(RETRY_SECONDS)

    async def _last_recorded(self) -> int:
        try:
            last = await self.store.client.jetstream().get_last_msg(EVENTS, ON_RECORD, direct=True)
        except NotFoundError:
            return 0
        return int((last.subject or "").split(".")[2])

    async def _record(self, batch: Sequence[Stored]) -> None:
        for message in batch:
            number = str(message.sequence)
            found = finding(message.subject, message.data)
            context = Context(
                actor="service/monitor",
                correlation_id=found.about.correlationid if found.about else f"dead-letter-{number}",
                causation_id=found.about.id if found.about else None,
            )
            try:
                await self.store.append([Write("dead-letter", number, 0, [found.fact])], context)
            except ConcurrencyError:
                log.info("dead_letter_is_on_record", number=number)
