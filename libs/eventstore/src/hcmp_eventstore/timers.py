"""Timers: the broker keeps a message and puts it out at its time, whoever is running or stopped by then.

Source: message scheduling, NATS ADR-51.
"""

from datetime import UTC, datetime

from nats.aio.client import Client
from nats.errors import Error as NatsError

from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.streams import TIMERS

# How long a message that is due waits for whoever is to hear it.
DUE_KEPT = "2160h"


async def set_timer(client: Client, *, name: str, target: str, at: datetime, payload: bytes) -> None:
    """Have `payload` put out under the subject `target` at that time, or at once when it is past. `name` is a
    subject too: setting a timer again under the same one replaces it. Raises StoreUnavailableError.

    A Reactor on the stream TIMERS hears it, when `payload` is an event's envelope.
    """
    headers = {
        "Nats-Schedule": f"@at {at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}",
        "Nats-Schedule-Target": target,
        "Nats-Schedule-TTL": DUE_KEPT,
        # What is put out replaces what was put out before: a timer that is set again and again fills no disk.
        "Nats-Schedule-Rollup": "sub",
    }
    try:
        await client.jetstream().publish(name, payload, headers=headers, stream=TIMERS)
    except NatsError as silence:
        raise StoreUnavailableError(f"set the timer {name}") from silence
