"""A project's log in the stream LOGS: written by the one worker that runs it, read live or from anywhere.

Frames are numbered without gap or repeat. Each chunk is appended on the version of the one before, so a
worker that was cut off while another took over cannot write a line any more.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from uuid_utils.compat import uuid7

from hcmp_contracts.logs import LineFrame, LogChunk, StepFrame
from hcmp_eventstore.errors import ConcurrencyError, StoreUnavailableError
from hcmp_eventstore.publishing import ACK_SECONDS
from hcmp_eventstore.reader import read_batches
from hcmp_eventstore.refusals import WRONG_LAST_SEQUENCE
from hcmp_eventstore.store import APPEND_SECONDS
from hcmp_eventstore.streams import LOGS

Frame = LineFrame | StepFrame
F = TypeVar("F", LineFrame, StepFrame, Frame)

CHUNK_FRAMES = 200


class LogWriter:
    """Appends frames to one project's log. Made by `open_log`."""

    def __init__(self, client: Client, project_id: str, *, version: int, sequence: int) -> None:
        self._client = client
        self._subject = f"hcmp.log.{project_id}"
        self._version = version
        self.sequence = sequence

    def number(self, frame: F) -> F:
        """The frame with the next sequence number; append numbered frames in order."""
        self.sequence += 1
        return frame.model_copy(update={"seq": self.sequence})

    async def append(self, frames: Sequence[Frame]) -> None:
        """Store numbered frames, oldest first. Raises ConcurrencyError when another worker writes this log,
        StoreUnavailableError when the broker does not answer within APPEND_SECONDS.
        """
        for start in range(0, len(frames), CHUNK_FRAMES):
            await self._append_chunk(LogChunk(frames=list(frames[start : start + CHUNK_FRAMES])))

    async def _append_chunk(self, chunk: LogChunk) -> None:
        payload = chunk.model_dump_json().encode()
        chunk_id = uuid7().hex
        deadline = asyncio.get_running_loop().time() + APPEND_SECONDS
        while True:
            headers = {
                "Nats-Msg-Id": chunk_id,
                "Nats-Expected-Last-Subject-Sequence": str(self._version),
            }
            try:
                answer = await self._client.request(self._subject, payload, timeout=ACK_SECONDS, headers=headers)
            except NatsError as silence:
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreUnavailableError(f"append to {self._subject}") from silence
                await asyncio.sleep(0.1)
                continue
            acknowledgement = json.loads(answer.data)
            if error := acknowledgement.get("error"):
                await self._resolve(error, chunk_id)
            else:
                self._version = int(acknowledgement["seq"])
            return

    async def _resolve(self, error: dict[str, int | str], chunk_id: str) -> None:
        """A refused chunk may be one's own, stored by a try whose acknowledgement was lost."""
        if error.get("err_code") != WRONG_LAST_SEQUENCE:
            raise StoreUnavailableError(f"append to {self._subject}: {error.get('description')}")
        try:
            last = await self._client.jetstream().get_last_msg(LOGS, self._subject)
        except NotFoundError:  # a reset has emptied the log
            raise ConcurrencyError(self._subject, self._version, 0) from None
        except NatsError as silence:
            raise StoreUnavailableError(f"append to {self._subject}") from silence
        if (last.headers or {}).get("Nats-Msg-Id") != chunk_id:
            raise ConcurrencyError(self._subject, self._version, last.seq)
        self._version = last.seq or 0


@dataclass(frozen=True)
class LogEnd:
    """Where a project's log ends now: the number of its last frame, and the stream sequence that holds it."""

    sequence: int
    version: int


async def log_end(client: Client, project_id: str) -> LogEnd:
    """Raises StoreUnavailableError."""
    try:
        last = await client.jetstream().get_last_msg(LOGS, f"hcmp.log.{project_id}")
    except NotFoundError:
        return LogEnd(0, 0)
    except NatsError as error:
        raise StoreUnavailableError(f"read the log of {project_id}") from error
    return LogEnd(LogChunk.model_validate_json(last.data or b"").frames[-1].seq, last.seq or 0)


async def open_log(client: Client, project_id: str) -> LogWriter:
    """Continue a project's log behind its last frame."""
    end = await log_end(client, project_id)
    return LogWriter(client, project_id, version=end.version, sequence=end.sequence)


async def read_chunks(client: Client, project_id: str, *, behind: int = 0) -> AsyncGenerator[list[Frame], None]:
    """Yield a project's frames as they were stored together, behind stream sequence `behind`, until closed."""
    subjects = [f"hcmp.log.{project_id}"]
    async with aclosing(read_batches(client, stream=LOGS, subjects=subjects, after=behind)) as batches:
        async for batch in batches:
            for message in batch:
                yield list(LogChunk.model_validate_json(message.data).frames)


async def read_log(client: Client, project_id: str, *, after: int = 0) -> AsyncGenerator[Frame, None]:
    """Yield a project's frames behind frame number `after`, then live ones, until closed."""
    async with aclosing(read_chunks(client, project_id)) as chunks:
        async for frames in chunks:
            for frame in frames:
                if frame.seq > after:
                    yield frame
