"""The reactor: turns events into commands, at least once, from a durable consumer that all copies share."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from prometheus_client import Counter
from pydantic import ValidationError

from hcmp_contracts.catalogue import UnknownEventError
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.errors import (
    EventLeftError,
    MisplacedEventError,
    NotYetError,
    RejectedEventError,
    StoreFullError,
    StoreUnavailableError,
)
from hcmp_eventstore.pull import ConsumerLostError, Puller
from hcmp_eventstore.recorded import Recorded, read_recorded
from hcmp_eventstore.streams import EVENTS

log = structlog.get_logger(__name__)

ACK_WAIT_SECONDS = 10.0
IN_PROGRESS_SECONDS = 3.0
MAX_DELIVERIES = 5
RETRY_SECONDS = 0.5
BACKOFF_SECONDS = (0.2, 1.0, 3.0, 10.0)
# The log or the database is out of reach or full. However long that lasts, it is not the event's fault.
OUTAGES = (StoreUnavailableError, StoreFullError, NatsError, psycopg.OperationalError)

OUTCOMES = Counter("hcmp_reactor_events_total", "Events by what became of them", ["reactor", "outcome"])

Handler = Callable[[Recorded[DomainEvent]], Awaitable[None]]


@dataclass(frozen=True)
class Reactor:
    """One durable reaction of a service.

    `handle` returns when the event's command is done (acknowledged), raises RejectedEventError when trying
    again is of no use (dead letter at once), EventLeftError when it lost its hold (no outcome: handed out
    again when nobody tells that it is in progress), NotYetError (handed out again when it is time), one of
    OUTAGES (tried again for as long as it lasts), or anything else (tried again, and a dead letter after
    MAX_DELIVERIES). While it runs the broker is told so every IN_PROGRESS_SECONDS: when the process dies
    another one gets the event ACK_WAIT_SECONDS later.
    `slots` is how many events run at once. On the stream TIMERS it hears an event again when the timer that
    carries it is due; `sequence` is then the timer's.
    """

    client: Client
    service: str
    name: str
    subjects: Sequence[str]
    handle: Handler
    slots: int = 1
    stream: str = EVENTS

    @property
    def durable(self) -> str:
        return f"{self.service}-{self.name}"

    async def run(self) -> None:
        """React until cancelled; a lost consumer or broker is looked up again."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.slots):
                group.create_task(self._run_slot())

    async def _run_slot(self) -> None:
        while True:
            try:
                await self._ensure_consumer()
                async with Puller(self.client, stream=self.stream, consumer=self.durable, batch=1) as puller:
                    while True:
                        await self._react(await puller.next())
            except (ConsumerLostError, NatsError) as loss:
                log.info("reactor_restarts", reactor=self.durable, reason=str(loss))
                await asyncio.sleep(RETRY_SECONDS)

    async def _ensure_consumer(self) -> None:
        await self.client.jetstream().add_consumer(
            self.stream,
            ConsumerConfig(
                name=self.durable,
                durable_name=self.durable,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                filter_subjects=list(self.subjects),
                max_ack_pending=1000,
            ),
        )

    async def _react(self, message: Msg) -> None:
        """The one place where a message gets its outcome: ack, nak with a delay, term, or none."""
        try:
            subject = message.subject if self.stream == EVENTS else None
            recorded = read_recorded(message.metadata.sequence.stream, message.data, subject)
        except (UnknownEventError, ValidationError, MisplacedEventError) as error:
            await self._bury(message, f"unreadable: {error}")
            return
        try:
            async with self._in_progress(message):
                await self.handle(recorded)
        except RejectedEventError as error:
            await self._bury(message, str(error))
        except EventLeftError as error:
            # An ack or a nak from here would count for the worker that has the event now.
            log.warning("event_left", reactor=self.durable, subject=message.subject, reason=str(error))
            OUTCOMES.labels(self.durable, "left").inc()
        except NotYetError as later:
            await message.nak(delay=max(later.seconds, RETRY_SECONDS))
            OUTCOMES.labels(self.durable, "later").inc()
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, its event is tried again or kept
            await self._try_again(message, error)
        else:
            await message.ack()
            OUTCOMES.labels(self.durable, "ack").inc()

    async def _try_again(self, message: Msg, error: Exception) -> None:
        deliveries = self._failures(message)
        log.error(
            "reaction_failed", reactor=self.durable, subject=message.subject, deliveries=deliveries, exc_info=error
        )
        if deliveries >= MAX_DELIVERIES and not isinstance(error, OUTAGES):
            await self._bury(message, f"{type(error).__name__}: {error}")
            return
        await message.nak(delay=BACKOFF_SECONDS[min(deliveries, len(BACKOFF_SECONDS)) - 1])
        OUTCOMES.labels(self.durable, "nak").inc()

    def _failures(self, message: Msg) -> int:
        """How often this event has failed, this time included."""
        return message.metadata.num_delivered

    async def _bury(self, message: Msg, reason: str) -> None:
        """Keep the event with the reason among the dead letters, then take it off the consumer."""
        letter = {"reactor": self.durable, "reason": reason, "sequence": message.metadata.sequence.stream}
        letter["event"] = message.data.decode(errors="replace")
        log.error("dead_letter", reactor=self.durable, subject=message.subject, reason=reason)
        await self.client.jetstream().publish(
            f"hcmp.deadletter.{self.service}.{self.name}", json.dumps(letter).encode()
        )
        await message.term()
        OUTCOMES.labels(self.durable, "term").inc()

    @asynccontextmanager
    async def _in_progress(self, message: Msg) -> AsyncIterator[None]:
        async def tell() -> None:
            while True:
                await asyncio.sleep(IN_PROGRESS_SECONDS)
                try:
                    await message.in_progress()
                except NatsError as error:
                    log.warning("in_progress_not_sent", reactor=self.durable, reason=str(error))

        telling = asyncio.create_task(tell())
        try:
            yield
        finally:
            telling.cancel()
