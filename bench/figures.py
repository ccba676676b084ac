"""How a figure is measured and told."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One row of the table: ours and the peer's rate (or time), and their ratio.

    `aim` is what the ratio should be, as text.
    """

    name: str
    ours: str
    peer: str
    ratio: float
    aim: str


async def rates(
    ours: Callable[[int], Awaitable[None]], peer: Callable[[int], Awaitable[None]], *, count: int, at_once: int
) -> tuple[float, float]:
    """Operations a second of both, in turn ROUNDS times so that a drifting machine hurts both alike.

    Each function does one operation; `count` of them a round, `at_once` at the same time. Medians.
    """
    measured: tuple[list[float], list[float]] = ([], [])
    serial = 0
    gate = asyncio.Semaphore(at_once)
    for _ in range(ROUNDS):
        for results, operation in zip(measured, (ours, peer), strict=True):
            began = time.perf_counter()
            await asyncio.gather(*(_gated(gate, operation, serial + number) for number in range(count)))
            results.append(count / (time.perf_counter() - began))
            serial += count
    return statistics.median(measured[0]), statistics.median(measured[1])


async def _gated(gate: asyncio.Semaphore, operation: Callable[[int], Awaitable[None]], number: int) -> None:
    async with gate:
        await operation(number)
