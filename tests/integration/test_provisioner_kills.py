"""Workers killed at the worst moments, and runs cancelled in the worst ones: nothing is lost, repeated or left."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from hcmp_contracts.project import (
    CancelRequested,
    ProjectCancelled,
    ProjectProvisioned,
    ProvisioningStarted,
    StepStarted,
    StepSucceeded,
)
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ports import free_port
from hcmp_testkit.workers import GOOD, WorkerLab, processes_of, until, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"

# A worker that is killed at the moment at which it is about to append what a command leads to.
DIES = """
import json, os, signal, sys
from hcmp_provisioner.worker.hold import Hold
from hcmp_provisioner.worker.main import main

moments, execute = json.loads(sys.argv[1]), Hold.execute

async def execute_or_die(hold, command):
    if moments.get(hold.project_id) == f"{type(command).__name__} {getattr(command, 'number', '')}".strip():
        os.kill(os.getpid(), signal.SIGKILL)
    return await execute(hold, command)

Hold.execute = execute_or_die
main()
"""

HANGS = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; setsid sleep 300 & sleep 300'"
ASKS = """ansible.builtin.command: 'true'
      become: true
      become_user: nobody
      vars: { ansible_become_exe: sh SUDO }
"""
SUDO = "echo asks >> RAN; printf 'Password: ' >&2; exec sleep 300"
WAITS = "ansible.builtin.command: 'true'"
FLOODS = "ansible.builtin.debug: { msg: \"{{ 'x y' * 1000000 }}\" }\n"
MEGABYTE = 1_000_000


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        yield lab


async def test_a_worker_may_be_killed_before_the_first_step_between_two_and_after_the_last(lab: WorkerLab) -> None:
    for name in ("early", "between", "late"):
        lab.add_play(f"{name}-1", GOOD)
        lab.add_play(f"{name}-2", GOOD)
    early, between, late = [
        await lab.request(f"{name}-1", f"{name}-2", machines=1) for name in ("early", "between", "late")
    ]
    moments = {early: "StartStep 1", between: "FinishStep 1", late: "Complete"}
    command = (sys.executable, "-c", DIES, json.dumps(moments))
    dying = [
        await asyncio.create_subprocess_exec(*command, env=lab.environment(free_port(), worker_slots=1))
        for _ in moments
    ]
    async with asyncio.timeout(60):
        assert [await worker.wait() for worker in dying] == [-signal.SIGKILL] * 3

    await lab.start_worker()

    first_steps = {}
    for project in moments:
        events = await lab.until(project, ProjectProvisioned, seconds=60)
        starts = [event for event in events if isinstance(event, ProvisioningStarted)]
        first_steps[project] = [start.first_step for start in starts]
        assert [event.number for event in events if isinstance(event, StepSucceeded)] == [1, 2]
        frames = await lab.log(project)
        assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
        lab.assert_nothing_left(project)
    assert first_steps == {early: [1, 1], between: [1, 1], late: [1, 3]}
    assert [lab.ran.count(play) for play in ("late-1", "late-2")] == [1, 1], "what has finished never runs again"


async def test_whatever_a_run_hangs_in_cancelling_ends_it(lab: WorkerLab) -> None:
    (lab.home / "sudo").write_text(SUDO.replace("RAN", str(lab.home / "ran")))
    lab.add_play("hangs", HANGS)
    lab.add_play("asks", ASKS.replace("SUDO", str(lab.home / "sudo")))
    lab.add_play("waits", WAITS, connection="ssh")
    lab.add_play("floods", "    - ".join([FLOODS] * 40))
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        lab.machine = {"ssh_port": black_hole.getsockname()[1]}
        worker = await lab.start_worker()
        hanging, asking, waiting, flooding = projects = [
            await lab.request(play, machines=1) for play in ("hangs", "asks", "waits", "floods")
        ]
        await until(lambda: {"hangs", "asks"} <= set(lab.ran), seconds=60)
        await until(lambda: any(process.name() == "ssh" for process in processes_of(waiting)), seconds=30)
        await lab.until(flooding, StepStarted)
        async with asyncio.timeout(30):
            while sum(len(frame.model_dump_json()) for frame in await lab.log(flooding)) < 10 * MEGABYTE:
                await asyncio.sleep(0.2)

        await asyncio.gather(*(happened(lab.store, project, CancelRequested()) for project in projects))

        for project in (hanging, asking, waiting, flooding):
            await lab.until(project, ProjectCancelled, seconds=10)
            assert processes_of(project) == []
        assert psutil.Process(worker.pid).memory_info().rss < 400 * MEGABYTE
    assert list(lab.runs.iterdir()) == []
