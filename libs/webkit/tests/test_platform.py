"""What runs beside a service: when it crashes, the process ends rather than look alive."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from hcmp_webkit.platform import Platform


def platform(ended: list[str]) -> Platform:
    parts: dict[str, Any] = dict.fromkeys(("client", "store", "projector", "pool", "identity"), SimpleNamespace())
    return Platform(**cast("Any", parts), end_process=lambda: ended.append("ended"))


async def test_a_background_task_that_crashes_ends_the_process() -> None:
    ended: list[str] = []

    async def crash() -> None:
        raise ValueError("a reaction's loop has a fault")

    async with platform(ended).background(crash()):
        await asyncio.sleep(0.01)
    assert ended == ["ended"]


async def test_a_service_that_stops_ends_its_tasks_without_a_crash() -> None:
    ended: list[str] = []
    cancelled: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("work")
            raise

    async with platform(ended).background(work()):
        await asyncio.sleep(0.01)
    assert (cancelled, ended) == (["work"], [])
