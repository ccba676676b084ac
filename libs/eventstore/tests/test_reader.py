"""Reading a step ahead, and where a delivery says it belongs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from hcmp_eventstore.reader import ahead, place_of

WITHOUT_DOMAIN = "$JS.ACK.EVENTS.reader-1.1.4711.12.1764000000000000000.3"
WITH_DOMAIN = "$JS.ACK.site.ACCOUNTHASH.EVENTS.reader-1.1.4711.12.1764000000000000000.3.token"


@pytest.mark.parametrize("reply", [WITHOUT_DOMAIN, WITH_DOMAIN])
def test_a_delivery_says_its_place_in_the_stream_and_among_the_deliveries(reply: str) -> None:
    assert place_of(Msg(_client=Client(), reply=reply)) == (4711, 12)


class Source:
    """Numbers, of which it counts how many were got; it fails in the place of the one that it is told to."""

    def __init__(self, count: int, *, fails_at: int | None = None) -> None:
        self._count, self._fails_at = count, fails_at
        self.got = 0
        self.closed = False

    async def numbers(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(1, self._count + 1):
                await asyncio.sleep(0)
                if number == self._fails_at:
                    raise ValueError(number)
                self.got = number
                yield number
        finally:
            self.closed = True


async def test_while_one_is_worked_on_the_next_is_got_and_no_more() -> None:
    source = Source(5)
    seen = []
    async with aclosing(ahead(source.numbers())) as numbers:
        async for number in numbers:
            for _ in range(10):
                await asyncio.sleep(0)
            seen.append((number, source.got))
    assert seen == [(1, 2), (2, 3), (3, 4), (4, 5), (5, 5)]


async def test_a_failure_comes_in_its_place_and_nothing_is_left_open() -> None:
    source = Source(5, fails_at=3)
    numbers = ahead(source.numbers())
    assert [await anext(numbers), await anext(numbers)] == [1, 2]
    with pytest.raises(ValueError, match="3"):
        await anext(numbers)
    assert source.closed


async def test_who_stops_early_leaves_nothing_open() -> None:
    source = Source(1000)
    async with aclosing(ahead(source.numbers())) as numbers:
        assert await anext(numbers) == 1
    assert source.closed
    assert source.got <= 2
