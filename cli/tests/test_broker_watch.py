"""A broker that gave up on a full disk is started again once there is room, and no other is."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import nats
import pytest

from hcmp_cli import broker, home
from hcmp_cli.broker_watch import ROOM_BYTES, Watch, has_given_up
from hcmp_cli.installation import Installation, open_home
from hcmp_testkit.disk import SmallDisk, small_disk

WRITE_ERROR = (
    b'{"status":"unavailable","error":"JetStream stream \'$G > EVENTS\' write error: no space left on device"}'
)
RECOVERING = b'{"status":"unavailable","error":"JetStream is not current with the meta leader"}'


def test_a_broker_is_started_again_when_it_has_given_up_for_a_while_although_there_is_room() -> None:
    watch = Watch()
    assert not watch.is_due(given_up=True, free=ROOM_BYTES, now=100)
    assert not watch.is_due(given_up=True, free=ROOM_BYTES, now=109)
    assert watch.is_due(given_up=True, free=ROOM_BYTES, now=110)
    assert not watch.is_due(given_up=True, free=ROOM_BYTES, now=111), "it is given time to come back"


def test_a_disk_that_is_still_full_and_a_broker_that_is_well_again_begin_the_wait_anew() -> None:
    for given_up, free in ((True, 0), (False, ROOM_BYTES)):
        watch = Watch()
        assert not watch.is_due(given_up=True, free=ROOM_BYTES, now=100)
        assert not watch.is_due(given_up=given_up, free=free, now=109)
        assert not watch.is_due(given_up=True, free=ROOM_BYTES, now=111)
        assert watch.is_due(given_up=True, free=ROOM_BYTES, now=121)


@pytest.mark.parametrize(
    ("answer", "expected"), [(WRITE_ERROR, True), (RECOVERING, False), (b"[]", False), (b"", False)]
)
def test_only_a_write_that_failed_counts_as_given_up(answer: bytes, expected: bool) -> None:
    class Monitoring(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Monitoring) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert has_given_up(server.server_port) is expected


def test_a_broker_that_does_not_answer_is_the_supervisors_business() -> None:
    assert not has_given_up(1)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(megabytes=48) as disk:
        yield disk


@pytest.fixture
def installation(tmp_path: Path, disk: SmallDisk) -> Iterator[Installation]:
    """A broker under its supervisor, whose store is on a small disk."""
    (tmp_path / "nats").symlink_to(disk.path)
    opened = open_home(tmp_path, free_ports=True)
    process = broker.process(opened.home, opened.ports, opened.credentials)
    opened.supervisor.launch([process])
    try:
        opened.supervisor.start(process.name)
        eventually(lambda: broker.answers(opened.ports))
        broker.prepare(opened.ports, opened.credentials)
        yield opened
    finally:
        opened.stop()
        home.remove(opened.home)


def eventually(true: Callable[[], bool], *, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


async def write_lines(installation: Installation, count: int) -> None:
    """Lines of a run, as many as the disk takes."""
    password = broker.password(installation.credentials, "provisioner")
    client = await nats.connect(broker.url(installation.ports), user="provisioner", password=password)
    with suppress(nats.errors.Error):
        for _ in range(count):
            await client.jetstream(timeout=1).publish("hcmp.log.p", b"x" * 100_000)
    await client.close()


@pytest.mark.timeout(120)
def test_after_others_have_filled_the_disk_and_made_room_the_broker_works_again_by_itself(
    installation: Installation, disk: SmallDisk
) -> None:
    before = installation.supervisor.states()["nats"].pid
    disk.fill()
    asyncio.run(write_lines(installation, 3))
    eventually(lambda: has_given_up(installation.ports.nats_monitoring))
    disk.make_room()
    eventually(lambda: installation.supervisor.states()["nats"].pid not in {0, before})
    eventually(lambda: broker.answers(installation.ports))
    assert "there is room now" in (installation.home.logs / "nats-watch.log").read_text(encoding="utf-8")
