"""Forgetting the lines of runs, recordings and timers, with the only credential that may empty a stream."""

from nats.js.errors import NotFoundError

from hcmp_eventstore.connection import connect
from hcmp_eventstore.streams import LOGS, TIMERS


class PurgeableLogs:
    def __init__(self, url: str, *, user: str, password: str) -> None:
        self._url = url
        self._user = user
        self._password = password

    async def purge(self) -> None:
        await self._empty(LOGS, "RECORDINGS")

    async def purge_timers(self) -> None:
        await self._empty(TIMERS)

    async def _empty(self, *streams: str) -> None:
        async with connect(self._url, name="reset", user=self._user, password=self._password) as client:
            for stream in streams:
                try:
                    await client.jetstream().purge_stream(stream)
                except NotFoundError:
                    continue  # nothing was ever recorded here
