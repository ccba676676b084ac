"""A TCP proxy before a server: a link that a test delays, black-holes, resets or half-closes."""

import asyncio
import socket
import struct
from enum import Enum
from types import TracebackType
from typing import Self

PIECE = 65_536


class To(Enum):
    """A direction of the link."""

    SERVER = "server"
    CLIENT = "client"


class Proxy:
    """`async with Proxy(port) as link:` listens on `link.port` and passes everything on, both ways, an end of one
    direction included, until the test says otherwise.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._passes = {direction: asyncio.Event() for direction in To}
        self._trap: bytes | None = None
        self.trapped = asyncio.Event()
        self.delay = 0.0
        self.restore()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def black_hole(self, *directions: To) -> None:
        """From now on nothing arrives, in these directions or in both, and nobody is told. What is sent meanwhile
        arrives after `restore`, as the network's retransmissions would bring it.
        """
        for direction in directions or To:
            self._passes[direction].clear()

    def restore(self) -> None:
        for passes in self._passes.values():
            passes.set()

    def lose_answer_to(self, piece: bytes) -> None:
        """When a client has sent this, its server gets it, and nothing comes back: `trapped` is set then."""
        self._trap = piece
        self.trapped.clear()

    def reset(self) -> None:
        """End every connection by a reset, with what is on its way in it."""
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def half_close(self, direction: To) -> None:
        """Say to that side of every connection that nothing more comes, while the other direction stays open."""
        for writer in self._writers:
            if (writer.get_extra_info("peername")[1] == self._target) == (direction is To.SERVER):
                writer.write_eof()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._carry(reader, writer)
        except OSError:
            pass  # a side is gone: the other one is told so below
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(to_server)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(To.SERVER, client, to_server))
                both.create_task(self._pass(To.CLIENT, server, to_client))
        except ExceptionGroup as gone:
            raise OSError(str(gone)) from gone
        finally:
            to_server.transport.abort()
            self._writers.discard(to_server)

    async def _pass(self, direction: To, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            if direction is To.SERVER and self._trap is not None and self._trap in piece:
                self._trap = None
                self.black_hole(To.CLIENT)
                self.trapped.set()
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._passes[direction].wait()
            writer.write(piece)
            await writer.drain()
        if not writer.is_closing():
            writer.write_eof()
