"""Batched Direct Get: all messages of one subject filter, one request per thousand, from any replica.

Source: NATS ADR-31.
"""

import json

from nats.aio.client import Client
from nats.errors import Error as NatsError

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.recorded import Recorded, read_recorded

BATCH = 1000


async def read_subject(
    client: Client, *, stream: str, subject: str, silence_seconds: float
) -> list[Recorded[DomainEvent]]:
    """The events of `subject`, oldest first. Raises StoreUnavailableError when nothing comes for so long."""
    events: list[Recorded[DomainEvent]] = []
    inbox = client.new_inbox()
    more = True
    try:
        subscription = await client.subscribe(inbox)
        try:
            while more:
                request = {
                    "next_by_subj": subject,
                    "seq": events[-1].sequence + 1 if events else 1,
                    "batch": BATCH,
                }
                await client.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), reply=inbox)
                while True:
                    message = await subscription.next_msg(timeout=silence_seconds)
                    headers = message.headers or {}
                    if status := headers.get("Status"):
                        more = _more_pending(status, headers, subject)
                        break
                    sequence, stored_under = int(headers["Nats-Sequence"]), headers["Nats-Subject"]
                    events.append(read_recorded(sequence, message.data, stored_under))
        finally:
            if not client.is_closed:
                await subscription.unsubscribe()
    except NatsError as silence:
        raise StoreUnavailableError(f"load {subject}") from silence
    return events


def _more_pending(status: str, headers: dict[str, str], subject: str) -> bool:
    """What the end of a batched direct get says: 204 its end, with how many are left; 404 nothing there."""
    if status == "404":
        return False
    if status == "204":
        return int(headers.get("Nats-Num-Pending", "0")) > 0
    raise StoreUnavailableError(f"load {subject}: {status} {headers.get('Description', '')}")
