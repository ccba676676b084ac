"""A browser that does not read is waited for only so long."""

import asyncio
import time
from typing import Any

import pytest

from hcmp_terminal.api.browser import Browser, EndedError, Ending, failed
from hcmp_terminal.api.conversation import INBOX_BYTES, Inbox
from hcmp_terminal.api.frames import Ready, Resize
from hcmp_terminal.domain.session import Reason
from hcmp_webkit.sockets import StalledReaderError


class NeverReading:
    """A socket whose other side takes nothing."""

    async def send_text(self, data: str) -> None:
        await asyncio.Event().wait()

    async def send_bytes(self, data: bytes) -> None:
        await asyncio.Event().wait()

    async def close(self, code: int, reason: str) -> None:
        await asyncio.Event().wait()


class Sending:
    """A socket whose other side sends these messages."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = iter(messages)

    async def receive(self) -> dict[str, Any]:
        return next(self._messages)


async def test_output_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcmp_webkit.sockets.STALLED_SECONDS", 0.05)
    browser = Browser(NeverReading())  # type: ignore[arg-type]
    with pytest.raises(StalledReaderError):
        await browser.show(b"output")
    with pytest.raises(StalledReaderError):
        await browser.tell(Ready())


async def test_the_farewell_takes_less_than_a_second_whoever_listens() -> None:
    browser = Browser(NeverReading())  # type: ignore[arg-type]
    began = time.monotonic()
    await browser.bid_farewell(failed(Reason.SESSION_ENDED, 1008, "over").ending)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ({"type": "websocket.disconnect", "code": 1000}, Ending(Reason.CLIENT_LEFT)),
        ({"type": "websocket.disconnect", "code": 1009}, Ending(Reason.FRAME_TOO_LARGE)),
        ({"type": "websocket.disconnect", "code": 1012}, Ending(Reason.SERVICE_STOPPED)),
    ],
)
async def test_how_a_browser_left_is_told_apart(message: dict[str, Any], ending: Ending) -> None:
    with pytest.raises(EndedError) as ended:
        await Browser(Sending(message)).read()  # type: ignore[arg-type]
    assert ended.value.ending == ending


async def test_bytes_are_typed_and_text_is_a_frame() -> None:
    browser = Browser(
        Sending(  # type: ignore[arg-type]
            {"type": "websocket.receive", "bytes": b"ls\n"},
            {"type": "websocket.receive", "text": '{"type":"resize","columns":80,"rows":24}'},
        )
    )
    assert await browser.read() == b"ls\n"
    assert await browser.read() == Resize(type="resize", columns=80, rows=24)


async def test_a_full_inbox_waits_for_the_machine_and_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    half = b"a" * (INBOX_BYTES // 2)
    await inbox.put(half)
    await inbox.put(half)
    waiting = asyncio.create_task(inbox.put(b"last"))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await inbox.get() == half
    await waiting
    assert [await inbox.get(), await inbox.get()] == [half, b"last"]

    monkeypatch.setattr("hcmp_terminal.api.conversation.MACHINE_STALLED_SECONDS", 0.05)
    await inbox.put(b"b" * INBOX_BYTES)
    with pytest.raises(EndedError) as ended:
        await inbox.put(b"too much")
    assert ended.value.ending.reason is Reason.MACHINE_STALLED
