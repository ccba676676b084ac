"""The log of a project: as one text, and live over a WebSocket."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from hcmp_contracts.logs import EndFrame
from hcmp_eventstore.logstream import Frame
from hcmp_provisioner.api.access import Log, Visible, Write, visible_to
from hcmp_provisioner.live_log import as_text
from hcmp_webkit.problems import Problem, not_found
from hcmp_webkit.sockets import (
    TRY_AGAIN_LATER,
    StalledReaderError,
    admit,
    closed_with_session,
    deny,
    send_bounded,
)

router = APIRouter(tags=["logs"])


@router.get(
    "/api/projects/{id}/logs",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def read_logs(view: Visible, log: Log) -> StreamingResponse:
    """The whole log so far: lines, and a marker where a step ended."""

    async def text() -> AsyncIterator[str]:
        async for frame in log.whole(view.id):
            if (line := as_text(frame)) is not None:
                yield line + "\n"

    return StreamingResponse(text(), media_type="text/plain; charset=utf-8")


@router.websocket("/ws/logs/{id}")
async def follow_log(
    websocket: WebSocket,
    projects: Write,
    log: Log,
    id: str,  # noqa: A002 - the name in the address
    format: Annotated[Literal["json", "text"], Query()] = "json",  # noqa: A002 - the name in the address
    after: Annotated[int, Query(ge=0)] = 0,
) -> None:
    """Send the frames behind `after`, then live ones, then the end, and close."""
    try:
        caller = await admit(websocket, public_url=websocket.app.state.public_url)
        view = await visible_to(caller, projects, _uuid(id))
    except Problem as problem:
        await deny(websocket, problem)
        return
    await websocket.accept()
    # The view's id: the address may spell it in another way, and the log knows only one.
    frames = log.follow(view.id, after=after)
    async with closed_with_session(websocket, caller):
        await _until_left(websocket, _send_all(websocket, frames, as_lines=format == "text"))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found() from None


async def _send_all(
    websocket: WebSocket, frames: AsyncGenerator[Frame | EndFrame, None], *, as_lines: bool
) -> None:
    try:
        async with aclosing(frames):
            async for frame in frames:
                text = as_text(frame) if as_lines else frame.model_dump_json()
                if text is not None:
                    await send_bounded(websocket.send_text(text))
        await websocket.close(1000)
    except StalledReaderError:
        await websocket.close(TRY_AGAIN_LATER, "not reading")
    except (WebSocketDisconnect, RuntimeError):
        return


async def _until_left(websocket: WebSocket, send_all: Coroutine[Any, Any, None]) -> None:
    """Send until all is sent or the other side has gone; what it says is not listened to."""

    async def left() -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            continue

    tasks = {asyncio.create_task(send_all), asyncio.create_task(left())}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
