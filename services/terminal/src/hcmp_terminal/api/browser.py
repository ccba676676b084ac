"""The browser's side of a conversation: frames in, frames out, and every wait bounded."""

import asyncio
from dataclasses import dataclass

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel

from hcmp_terminal.api.frames import Auth, Exit, Failure, MalformedFrameError, Resize, parse
from hcmp_terminal.domain.session import Reason
from hcmp_webkit.sockets import send_bounded

MAX_FRAME_BYTES = 64 * 1024
GOODBYE_SECONDS = 0.5

NORMAL = 1000
POLICY = 1008
TOO_LARGE = 1009
INTERNAL = 1011
RESTARTING = 1012
TRY_LATER = 1013

# A browser that left, whose close code says more than that it left.
_LEFT = {TOO_LARGE: Reason.FRAME_TOO_LARGE, RESTARTING: Reason.SERVICE_STOPPED}


@dataclass(frozen=True)
class Ending:
    """How a conversation ends: the reason on record, and what the browser is told."""

    reason: Reason
    code: int | None = None
    frame: Exit | Failure | None = None

    @property
    def exit_status(self) -> int | None:
        return self.frame.status if isinstance(self.frame, Exit) else None


class EndedError(Exception):
    """The conversation is over."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


def failed(reason: Reason, code: int, detail: str, *, slug: str | None = None) -> EndedError:
    """An end that the browser is told as an error; its slug is the reason unless another is given."""
    return EndedError(Ending(reason, code, Failure(slug=slug or reason, detail=detail)))


class Browser:
    """An accepted socket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def read(self) -> bytes | Resize | Auth:
        """The next frame. Raises EndedError when the browser left or sent what it must not."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise EndedError(Ending(_LEFT.get(message.get("code", 0), Reason.CLIENT_LEFT)))
        data, text = message.get("bytes"), message.get("text")
        if len(data or text or "") > MAX_FRAME_BYTES:
            raise failed(Reason.FRAME_TOO_LARGE, TOO_LARGE, f"A frame holds at most {MAX_FRAME_BYTES} bytes.")
        if data is not None:
            return bytes(data)
        try:
            return parse(text or "")
        except MalformedFrameError:
            raise failed(
                Reason.MALFORMED_FRAME, POLICY, "A text frame is a JSON object of the type resize or auth."
            ) from None

    async def tell(self, frame: BaseModel) -> None:
        await send_bounded(self._websocket.send_text(frame.model_dump_json()))

    async def show(self, output: bytes) -> None:
        await send_bounded(self._websocket.send_bytes(output))

    async def bid_farewell(self, ending: Ending) -> None:
        """Say why and close; one that does not read any more is not waited for."""
        if ending.code is None:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                if ending.frame is not None:
                    await self._websocket.send_text(ending.frame.model_dump_json())
                await self._websocket.close(ending.code, ending.reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            pass  # it left meanwhile; the server closes what remains of the connection
