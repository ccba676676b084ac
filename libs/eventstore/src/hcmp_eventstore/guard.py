"""Watches that the log still holds what has been seen of it: a broker may come back on an older store.

On such a broker sequences are used again, and every version that a writer decided on means something else. So
nothing is written before the log has been found whole after each reconnection (reliability.md, row 8).
"""

import asyncio
from dataclasses import dataclass

from nats.aio.client import Client

from hcmp_eventstore.errors import WritesRefusedError
from hcmp_eventstore.streams import EVENTS

# A replica that has just become the leader may answer before it has caught up: it is asked again before it is
# believed that events are lost.
PAUSES_SECONDS = (0.2, 0.5, 1.0, 1.5)
ANSWER_SECONDS = 2.0
# Each event is stored under its own id (messages.py).
MESSAGE_ID = "Nats-Msg-Id"


@dataclass(frozen=True, slots=True)
class Seen:
    """An event by its place in the log and its id: in a log that was set back and has grown since, another one
    stands there.
    """

    sequence: int
    event_id: str


class LogGuard:
    """What one process knows of the log's end. `refusal` says why nothing may be written, once that is so."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen = 0
        self._event: Seen | None = None
        self._checked_reconnections = 0
        self.refusal: str | None = None

    def saw(self, sequence: int, event: Seen | None = None) -> None:
        """The log has been seen to hold an event at this place, and which one where that is known."""
        self._seen = max(self._seen, sequence)
        if event is not None and (self._event is None or event.sequence > self._event.sequence):
            self._event = event

    async def check(self) -> None:
        """Before a write: asks the broker once after a reconnection, and nothing otherwise.

        Raises WritesRefusedError when the log cannot be trusted, and nats-py's errors when nobody answers.
        """
        if self.refusal is not None:
            raise WritesRefusedError(self.refusal)
        reconnections = self._client.stats["reconnects"]
        if reconnections != self._checked_reconnections:
            await self.require(self._seen, "this service", self._event)
            self._checked_reconnections = reconnections

    async def require(self, sequence: int, witness: str, event: Seen | None = None) -> None:
        """Raises WritesRefusedError, now and before every write from now on, when the log ends before the event
        that `witness` has seen, or holds another one in the place of `event`. Raises nats-py's NotFoundError when
        a replica has not got so far yet.
        """
        await self._require_end(sequence, witness)
        if event is not None:
            found = await self._client.jetstream(timeout=ANSWER_SECONDS).get_msg(
                EVENTS, seq=event.sequence, direct=True
            )
            if (found.headers or {}).get(MESSAGE_ID) != event.event_id:
                self.refusal = f"event {event.sequence} of the log is not the one that {witness} has seen"
                raise WritesRefusedError(self.refusal)

    async def _require_end(self, sequence: int, witness: str) -> None:
        jetstream = self._client.jetstream(timeout=ANSWER_SECONDS)
        for pause in (*PAUSES_SECONDS, None):
            end = (await jetstream.stream_info(EVENTS)).state.last_seq
            if end >= sequence:
                self.saw(sequence)
                return
            if pause is None:
                self.refusal = f"the log ends at {end}, but {witness} has seen event {sequence}"
                raise WritesRefusedError(self.refusal)
            await asyncio.sleep(pause)
