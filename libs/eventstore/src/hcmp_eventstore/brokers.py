"""How many of the cluster's brokers live: what tells the election of a leader, which is soon over, from an outage.

JetStream itself does not tell: without a leader an append is met with silence or `no responders` in both cases,
and `STREAM.INFO` answers only seconds later. But a broker greets whoever connects with a line `INFO {…}`, which
neither a dead nor a paused one does.

Source: https://docs.nats.io/reference/reference-protocols/nats-protocol#info
"""

import asyncio
import json
from contextlib import suppress
from urllib.parse import ParseResult

from nats.aio.client import Client

GREETING_SECONDS = 0.4
# One round of questions serves all appends that fail within this time.
KNOWN_SECONDS = 0.5


class Brokers:
    """The brokers that one client knows: those of its configuration and those that they told it of."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._round: asyncio.Task[bool] | None = None
        self._valid_until = 0.0

    async def too_few(self) -> bool:
        """Whether no more than half of a cluster's brokers live, so that nobody can be elected.

        False for a broker without companions: one that is down is being restarted, and worth waiting for. So it
        is for a cluster that keeps its addresses to itself (`no_advertise`).
        """
        now = asyncio.get_running_loop().time()
        if self._round is None or (self._round.done() and now > self._valid_until):
            self._valid_until = now + GREETING_SECONDS + KNOWN_SECONDS
            self._round = asyncio.create_task(self._ask())
        return await asyncio.shield(self._round)

    async def _ask(self) -> bool:
        known = self._client.servers
        if len(known) == 1:
            return False
        greetings = await asyncio.gather(*(_server_id(address) for address in known))
        heard = [server_id for server_id in greetings if server_id]
        alive = len(set(heard))
        # One broker under two addresses, a name and what it resolves to, is one broker.
        size = len(known) - (len(heard) - alive)
        return alive * 2 <= size


async def _server_id(address: ParseResult) -> str | None:
    """The id by which a living broker introduces itself."""
    with suppress(OSError, TimeoutError, ValueError, KeyError):
        async with asyncio.timeout(GREETING_SECONDS):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
        return str(json.loads(greeting.removeprefix(b"INFO "))["server_id"])
    return None
