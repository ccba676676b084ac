"""Reading a long stretch of the log in a process of its own, beside the one that works on it.

Most of a rebuild's time would go by with nats-py's taking in of messages, on the one core that Python runs on.
The process gets what to read on its standard input and writes batches to its standard output; it ends when it has
read all, when its reader has gone, and with the connection.
"""

import asyncio
import fcntl
import json
import pickle
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import BinaryIO, cast

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from hcmp_eventstore.connection import connect
from hcmp_eventstore.errors import ReadGapError
from hcmp_eventstore.pull import ConsumerLostError
from hcmp_eventstore.reader import EVERYTHING, Stored, read_once

# So that the next batch is written while the last is worked on: a pipe holds 64 KiB by default.
PIPE_BYTES = 1024 * 1024
SIZE_BYTES = 8
# What is handed over at once, and applied in one transaction.
FRAME_EVENTS = 1000


@dataclass(frozen=True)
class _Stretch:
    """What to read: everything behind `after` up to `until`, and how to get at it."""

    url: str
    name: str
    user: str
    password: str
    stream: str
    after: int
    until: int


async def read_stretch(
    client: Client, *, stream: str, after: int, until: int
) -> AsyncGenerator[list[Stored], None]:
    """Yield all messages of the stream behind sequence `after` up to `until`, in order; the client's own place
    and credentials are used. Raises ConsumerLostError when the process ends before.
    """
    stretch = _Stretch(
        url=",".join(server.geturl() for server in client.servers),
        name=f"{client.options['name']} catching up",
        user=client.options["user"],
        password=client.options["password"],
        stream=stream,
        after=after,
        until=until,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hcmp_eventstore.catching_up",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2 * PIPE_BYTES,
    )
    try:
        wanted, found = cast("asyncio.StreamWriter", process.stdin), cast("asyncio.StreamReader", process.stdout)
        wanted.write(json.dumps(asdict(stretch)).encode())
        wanted.close()
        position = after
        while position < until:
            size = int.from_bytes(await found.readexactly(SIZE_BYTES))
            batch: list[Stored] = pickle.loads(await found.readexactly(size))  # noqa: S301 - from a process of ours
            yield batch
            position = batch[-1].sequence
    except (asyncio.IncompleteReadError, ConnectionError) as end:
        raise ConsumerLostError("the process that reads the log has ended") from end
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _read(stretch: _Stretch, output: BinaryIO) -> None:
    async with (
        connect(stretch.url, name=stretch.name, user=stretch.user, password=stretch.password) as client,
        aclosing(read_once(client, stream=stretch.stream, subjects=[EVERYTHING], after=stretch.after)) as batches,
    ):
        frame: list[Stored] = []
        async for messages in batches:
            frame += (message for message in messages if message.sequence <= stretch.until)
            ends = messages[-1].sequence >= stretch.until
            if frame and (ends or len(frame) >= FRAME_EVENTS):
                _write(frame, output)
                frame.clear()
            if ends:
                return


def _write(frame: list[Stored], output: BinaryIO) -> None:
    written = pickle.dumps(frame, protocol=pickle.HIGHEST_PROTOCOL)
    output.write(len(written).to_bytes(SIZE_BYTES) + written)
    output.flush()


def main() -> None:
    """Read what standard input says. What goes wrong is told in one line: whoever wanted it starts again."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        fcntl.fcntl(sys.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        asyncio.run(_read(_Stretch(**json.load(sys.stdin)), sys.stdout.buffer))
    except (ConsumerLostError, ReadGapError, NatsError, OSError) as loss:
        structlog.get_logger(__name__).info("catching_up_ended", reason=str(loss))
        sys.exit(1)


if __name__ == "__main__":
    main()
