"""Keeping what a factory reset is about to forget, with the reset's own credential, in a folder for backups."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from nats.errors import Error as NatsError

from hcmp_eventstore.backup.file import BackupWriter
from hcmp_eventstore.backup.streams import back_up_streams
from hcmp_eventstore.connection import connect
from hcmp_eventstore.errors import EventStoreError
from hcmp_eventstore.store import utc_now
from hcmp_inventory.ports.services import BackupFailedError


class StreamBackups:
    """Every stream of the broker. Credentials and keys are not in it: a reset leaves them where they are."""

    def __init__(
        self, url: str, *, user: str, password: str, folder: Path | None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._folder = folder
        self._clock = clock

    async def take(self) -> str:
        if self._folder is None:
            raise BackupFailedError("the inventory has no folder for it: set HCMP_BACKUP_DIRECTORY")
        taken_at = self._clock()
        path = self._folder / f"reset-{taken_at:%Y%m%dT%H%M%S.%fZ}.tar"
        try:
            with BackupWriter(path, taken_at=taken_at) as writer:
                async with connect(self._url, name="reset", user=self._user, password=self._password) as client:
                    streams = await back_up_streams(client, writer)
                await asyncio.to_thread(writer.finish, streams, platform_version=version("hcmp-inventory"))
        except (EventStoreError, NatsError, OSError) as failure:
            raise BackupFailedError(str(failure)) from failure
        return str(path)
