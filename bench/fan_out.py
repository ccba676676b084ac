"""The peers of the live log: a bare Starlette fan-out in memory, and the way of Redis Pub/Sub.

`python -m uvicorn bench.fan_out:app`; HCMP_BENCH_REDIS is the port of the Redis server.
"""

import asyncio
import os

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

CHANNEL = "logs:project"

_viewers: set[asyncio.Queue[str]] = set()


async def publish(websocket: WebSocket) -> None:
    """What comes in goes to every viewer's queue."""
    await websocket.accept()
    try:
        while True:
            line = await websocket.receive_text()
            for viewer in _viewers:
                viewer.put_nowait(line)
    except WebSocketDisconnect:
        return


async def from_memory(websocket: WebSocket) -> None:
    await websocket.accept()
    queue: asyncio.Queue[str] = asyncio.Queue()
    _viewers.add(queue)
    try:
        while True:
            await websocket.send_text(await queue.get())
    except WebSocketDisconnect:
        return
    finally:
        _viewers.discard(queue)


async def from_redis(websocket: WebSocket) -> None:
    await websocket.accept()
    async with (
        Redis(port=int(os.environ["HCMP_BENCH_REDIS"]), decode_responses=True) as redis,
        redis.pubsub() as subscription,
    ):
        await subscription.subscribe(CHANNEL)
        try:
            async for message in subscription.listen():
                if message["type"] == "message":
                    await websocket.send_text(message["data"])
        except WebSocketDisconnect:
            return


app = Starlette(
    routes=[
        WebSocketRoute("/publish", publish),
        WebSocketRoute("/memory", from_memory),
        WebSocketRoute("/redis", from_redis),
    ]
)
