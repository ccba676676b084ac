"""Deletion by a real worker: the template's teardown runs first, and nothing that happens in it is in the way."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hcmp_contracts.allocation import AllocationReleased
from hcmp_contracts.project import ProjectDeleted, ProjectProvisioned, TeardownStarted
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.workers import GOOD, WorkerLab, processes_of, until, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
FAILS = "ansible.builtin.command: sh -c 'echo no such thing >&2; exit 3'"
HANGS = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; setsid sleep 300 & sleep 300'"
HANGS_ONCE = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; test $(grep -c PLAY RAN) -gt 1 || sleep 300'"


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        lab.add_play("undo", GOOD)
        lab.add_template("plain")
        lab.add_template("undone", teardown=["undo"])
        yield lab


async def completed(lab: WorkerLab, template: str) -> str:
    """A project that holds one machine, without the run that led there."""
    project = await lab.request("good", machines=1, template=template)
    await happened(lab.store, project, ProjectProvisioned(attempt=1, log_sequence=0))
    return project


async def deleted(lab: WorkerLab, project: str, *, seconds: float = 20) -> ProjectDeleted:
    ended = (await lab.until(project, ProjectDeleted, seconds=seconds))[-1]
    assert isinstance(ended, ProjectDeleted)
    return ended


async def test_a_teardown_runs_on_the_machines_that_the_project_still_holds(lab: WorkerLab) -> None:
    plain, undone, released = [await completed(lab, template) for template in ("plain", "undone", "undone")]
    await happened(lab.store, released, AllocationReleased(reason="failed"))
    await lab.start_worker()

    for project in (plain, released, undone):
        await happened(lab.store, project, TeardownStarted(reason="requested"))
        assert (await deleted(lab, project)).teardown is None

    assert lab.ran == ["undo"]
    said = await lab.said(undone)
    assert said.startswith("The teardown begins.")
    assert "changed: [vm-1]" in said
    assert said.endswith("The teardown is done.")
    lab.assert_nothing_left(undone)


async def test_a_teardown_that_fails_or_hangs_keeps_no_project_from_being_deleted(lab: WorkerLab) -> None:
    lab.add_play("fails", FAILS)
    lab.add_play("hangs", HANGS)
    lab.add_template("failing", teardown=["fails", "undo"])
    lab.add_template("hanging", teardown=["hangs"])
    failing, hanging = [await completed(lab, template) for template in ("failing", "hanging")]

    patient = await lab.start_worker()
    await happened(lab.store, failing, TeardownStarted(reason="requested"))
    assert (await deleted(lab, failing)).teardown == "failed: Undo fails on vm-1: non-zero return code"

    patient.terminate()
    await asyncio.to_thread(patient.wait, 10)
    await lab.start_worker(teardown_seconds=4)
    await happened(lab.store, hanging, TeardownStarted(reason="requested"))
    assert (await deleted(lab, hanging)).teardown == "failed: it was not done within 4 s"
    assert "the project is deleted all the same" in await lab.said(failing)
    lab.assert_nothing_left(hanging)


async def test_another_worker_goes_on_with_the_teardown_of_a_killed_one(lab: WorkerLab) -> None:
    lab.add_play("hangs-once", HANGS_ONCE)
    lab.add_template("interrupted", teardown=["undo", "hangs-once"])
    project = await completed(lab, "interrupted")
    first = await lab.start_worker()
    await happened(lab.store, project, TeardownStarted(reason="requested"))
    await until(lambda: "hangs-once" in lab.ran, seconds=20)

    first.send_signal(signal.SIGKILL)
    first.wait()
    await until(lambda: processes_of(project) == [], seconds=5)
    await lab.start_worker()

    assert (await deleted(lab, project, seconds=30)).teardown is None
    assert lab.ran.count("hangs-once") == 2
    lab.assert_nothing_left(project)
