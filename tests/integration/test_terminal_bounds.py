"""What bad readers, bad typists, dead machines and dead processes cost: bounded memory and time."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import running
from hcmp_testkit.ssh_machine import SshMachine, ssh_machine
from hcmp_testkit.terminal import TerminalLab, terminal_lab

OPERATOR = Account("operator", role="admin")
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def lab(nats_server: NatsServer, database_url: str, event_store: EventStore) -> AsyncIterator[TerminalLab]:
    async with terminal_lab(nats_server, database_url, event_store) as lab:
        yield lab


@pytest.fixture
async def machine(lab: TerminalLab) -> AsyncIterator[SshMachine]:
    async with ssh_machine(keys=[lab.platform_key]) as machine:
        yield machine


@pytest.fixture
async def vm_id(lab: TerminalLab, machine: SshMachine) -> str:
    return await lab.register(machine)


async def no_shells(machine: SshMachine) -> None:
    async def shells() -> int:
        return len(machine.shells)

    await eventually(shells, lambda left: left == 0)


async def test_a_flood_that_nobody_reads_is_held_back_at_the_machine(
    lab: TerminalLab, machine: SshMachine, vm_id: str
) -> None:
    async with lab.screen(OPERATOR, vm_id, max_queue=1) as screen:
        await screen.told()
        before = lab.service.resident_bytes()
        await screen.type("flood")
        await asyncio.sleep(4)
        assert lab.service.resident_bytes() - before < 8 * MEBIBYTE
        async with asyncio.timeout(10):
            shown = 0
            while shown < 8 * MEBIBYTE:
                shown += len(await screen.socket.recv())
        assert lab.service.resident_bytes() - before < 8 * MEBIBYTE, "it flows again, and still piles up nowhere"
    await no_shells(machine)


async def test_a_machine_that_takes_no_input_ends_the_terminal_instead_of_filling_it(
    lab: TerminalLab, machine: SshMachine, vm_id: str
) -> None:
    async with lab.screen(OPERATOR, vm_id) as screen:
        await screen.told()
        await screen.type("deaf")
        await asyncio.sleep(0.2)
        before = lab.service.resident_bytes()
        typing = asyncio.create_task(_paste(screen.socket.send, 16 * MEBIBYTE))
        assert (await screen.told(seconds=20))["slug"] == "machine-stalled"
        assert await screen.closed() == 1013
        assert lab.service.resident_bytes() - before < 8 * MEBIBYTE
        typing.cancel()
        await asyncio.gather(typing, return_exceptions=True)


async def _paste(send: object, size: int) -> None:
    assert callable(send)
    for _ in range(size // 32768):
        await send(b"x" * 32768)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("hello", 1008),
        ('{"type": "paste"}', 1008),
        ('{"type": "resize", "columns": 0, "rows": 0}', 1008),
        ("x" * (64 * 1024 + 1), 1009),
        (b"x" * (64 * 1024 + 1), 1009),
        (b"x" * MEBIBYTE, 1009),
    ],
    ids=["no JSON", "unknown", "out of bounds", "long text", "large", "huge"],
)
async def test_a_frame_that_is_none_of_ours_ends_the_terminal(
    lab: TerminalLab, machine: SshMachine, vm_id: str, frame: str | bytes, code: int
) -> None:
    async with lab.screen(OPERATOR, vm_id) as screen:
        await screen.told()
        await screen.socket.send(frame)
        if code == 1008:
            assert (await screen.told())["slug"] == "malformed-frame"
        assert await screen.closed() == code
    await no_shells(machine)
    reason = (await lab.recorded(events=2))[-1].event.reason
    assert reason == ("malformed-frame" if code == 1008 else "frame-too-large")


async def test_a_frame_of_the_largest_size_is_typed(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(OPERATOR, vm_id) as screen:
        await screen.told()
        await screen.socket.send(b"x" * (64 * 1024 - 3) + b"end")
        await screen.shows("end")


async def test_a_machine_that_never_speaks_is_given_up_on(lab: TerminalLab, machine: SshMachine) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    vm_id = await lab.register(machine, ssh_port=server.sockets[0].getsockname()[1])
    async with lab.screen(OPERATOR, vm_id) as screen:
        assert (await screen.told(seconds=12))["slug"] == "machine-unreachable"
    server.close()
    await server.wait_closed()


async def test_a_killed_process_leaves_no_session_open(
    lab: TerminalLab, nats_server: NatsServer, database_url: str, vm_id: str
) -> None:
    async with lab.screen(OPERATOR, vm_id) as screen:
        await screen.told()
        lab.service.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(lab.service.process.wait)
    async with running("hcmp_terminal", nats=nats_server, database_url=database_url, settings=lab.settings):
        opened, closed = await lab.recorded(events=2)
    assert closed.aggregate_id == opened.aggregate_id
    assert (closed.event.reason, closed.envelope.actor) == ("service-lost", "service/terminal")


async def test_a_second_copy_leaves_the_sessions_of_the_first_alone(
    lab: TerminalLab, nats_server: NatsServer, database_url: str, vm_id: str
) -> None:
    async with lab.screen(OPERATOR, vm_id) as screen:
        await screen.told()
        async with running("hcmp_terminal", nats=nats_server, database_url=database_url, settings=lab.settings):
            await asyncio.sleep(2)
        await screen.type("still here")
        await screen.shows("still here")
        assert len(await lab.recorded(events=1)) == 1


async def test_a_service_that_is_stopped_says_so_to_its_terminals(lab: TerminalLab, vm_id: str) -> None:
    async with lab.screen(OPERATOR, vm_id) as screen:
        await screen.told()
        lab.service.process.terminate()
        assert await screen.closed() == 1012
    assert (await lab.recorded(events=2))[-1].event.reason == "service-stopped"
