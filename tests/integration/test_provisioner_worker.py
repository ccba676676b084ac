"""The worker as a real process with real Ansible: runs end, fail, are cancelled, taken over and fenced."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from uuid_utils.compat import uuid7

from hcmp_contracts.allocation import AllocationGranted
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.logs import LineFrame, StepFrame
from hcmp_contracts.project import (
    CancelRequested,
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProvisioningFailed,
    ProvisioningStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from hcmp_contracts.vm import VM_CREDENTIAL
from hcmp_eventstore.decider import load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Requested
from hcmp_provisioner.worker.certificate import Entrance
from hcmp_provisioner.worker.plans import Planner
from hcmp_provisioner.worker.reactions import Worker
from hcmp_provisioner.worker.saga import Saga
from hcmp_runner.process import run_process
from hcmp_runner.processes import of_hold
from hcmp_testkit.history import happened
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.workers import GOOD, WorkerLab, processes_of, until, worker_lab
from hcmp_webkit.ssh_certificates import SshCertificates
from hcmp_webkit.vault import Binding, Vault

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
CONTEXT = Context(actor="account/test", correlation_id="test-run")
SECRET = "correct horse battery staple"

# PLAY is the play's name, RAN the file in which each machine notes that it ran it.
HANGS = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; setsid sleep 300 & sleep 300'"
HOLD = timedelta(0)
HANGS_ONCE = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; test $(grep -c PLAY RAN) -gt 1 || sleep 300'"
FAILS = "ansible.builtin.command: sh -c 'echo PLAY >> RAN; echo no such thing >&2; exit 3'"
GREETS = "ansible.builtin.debug: { msg: '{{ hcmp_project }} {{ hcmp_variables.greeting }}' }"
RESCUED = """block: [{ ansible.builtin.command: 'false' }]
      rescue: [{ ansible.builtin.debug: { msg: saved } }]
"""
CHATTY = """ansible.builtin.command: seq 1 20000
      register: said
    - ansible.builtin.debug: { msg: '{{ said.stdout }}' }
"""


def kinds(events: list[DomainEvent]) -> list[str]:
    return [event.verb() for event in events]


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        yield lab


async def test_a_run_is_told_step_by_step_and_leaves_nothing_behind(lab: WorkerLab) -> None:
    lab.add_play("first", GOOD)
    lab.add_play("second", GREETS)
    await lab.start_worker()
    project = await lab.request("first", "second")

    events = await lab.until(project, ProjectProvisioned)

    assert kinds(events) == [
        "requested",
        "provisioning-started",
        "step-started",
        "step-succeeded",
        "step-started",
        "step-succeeded",
        "provisioned",
    ]
    first = next(event for event in events if isinstance(event, StepSucceeded))
    assert (first.number, first.name, first.attempt) == (1, "Step first", 1)
    assert [(host.vm, host.ok, host.changed, host.failed, host.changed_tasks) for host in first.hosts] == [
        ("vm-1", 1, 1, 0, ["Do it"]),
        ("vm-2", 1, 1, 0, ["Do it"]),
    ]
    frames = await lab.log(project)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    assert events[-1] == ProjectProvisioned(attempt=1, log_sequence=len(frames))
    steps = [(frame.number, frame.status) for frame in frames if isinstance(frame, StepFrame)]
    assert steps == [(1, "running"), (1, "succeeded"), (2, "running"), (2, "succeeded")]
    said = [frame.text for frame in frames if isinstance(frame, LineFrame) and frame.vm == "vm-1"]
    assert any("msg: shop {{ 1 + 1 }}" in line for line in said)
    lab.assert_nothing_left(project)


async def test_a_failing_step_says_where_and_why(lab: WorkerLab) -> None:
    lab.add_play("broken", FAILS)
    await lab.start_worker()
    project = await lab.request("good", "broken", "good")

    events = await lab.until(project, ProvisioningFailed)

    assert kinds(events)[-3:] == ["step-started", "step-failed", "provisioning-failed"]
    failed, ended = events[-2:]
    assert isinstance(failed, StepFailed)
    assert isinstance(ended, ProvisioningFailed)
    assert (ended.reason, ended.step) == ("step-failed", 2)
    assert {failure.vm for failure in ended.failures} == {"vm-1", "vm-2"}
    assert ended.failures[0].task == "Do it"
    assert "no such thing" in ended.failures[0].reason
    assert ended.detail == "Step 2, Step broken, failed on vm-1, vm-2: non-zero return code"
    assert {host.failed for host in failed.hosts} == {1}
    frames = await lab.log(project)
    assert ended.log_sequence == frames[-1].seq
    assert frames[-1] == StepFrame(seq=frames[-1].seq, number=2, name="Step broken", status="failed")
    assert lab.ran.count("good") == 2, "the third step never ran"
    lab.assert_nothing_left(project)


async def test_a_failure_that_was_rescued_is_none(lab: WorkerLab) -> None:
    lab.add_play("rescued", RESCUED)
    await lab.start_worker()
    project = await lab.request("rescued")

    events = await lab.until(project, ProjectProvisioned)

    [succeeded] = [event for event in events if isinstance(event, StepSucceeded)]
    assert {host.failed for host in succeeded.hosts} == {0}


async def test_a_playbook_that_ansible_cannot_read_fails_the_run_without_a_step(lab: WorkerLab) -> None:
    lab.add_play("unreadable", "no.such.module: {}")
    await lab.start_worker()
    project = await lab.request("unreadable")

    events = await lab.until(project, ProvisioningFailed)

    ended = events[-1]
    assert isinstance(ended, ProvisioningFailed)
    assert (ended.reason, ended.step) == ("run-failed", None)
    assert "no.such.module" in ended.detail
    lab.assert_nothing_left(project)


async def test_cancelling_ends_a_hanging_task_and_everything_it_started(lab: WorkerLab) -> None:
    lab.add_play("hangs", HANGS)
    await lab.start_worker()
    project = await lab.request("good", "hangs")
    await lab.until(project, StepStarted, count=2)
    await until(lambda: lab.ran.count("hangs") == 2)

    await happened(lab.store, project, CancelRequested())
    events = await lab.until(project, ProjectCancelled, seconds=10)

    ended = events[-1]
    assert isinstance(ended, ProjectCancelled)
    assert ended.finished_steps == [1]
    assert ended.log_sequence == (await lab.log(project))[-1].seq
    lab.assert_nothing_left(project)


async def test_a_run_that_is_cancelled_before_a_worker_takes_it_never_begins(lab: WorkerLab) -> None:
    project = await lab.request("good")
    await happened(lab.store, project, CancelRequested())
    await lab.start_worker()

    events = await lab.until(project, ProjectCancelled)

    assert kinds(events) == ["requested", "cancel-requested", "cancelled"]
    assert lab.ran == []


class PlannerWithoutDirectory(Planner):
    """A fault of our own, wherever a run's directory is asked for."""

    def directory(self, project_id: str) -> Path:
        raise OSError(f"no directory for {project_id}")


async def test_a_fault_while_a_run_is_cancelled_ends_it_as_cancelled(lab: WorkerLab) -> None:
    planner = PlannerWithoutDirectory(lab.home / "playbooks", lab.runs, lab.home / "key", lab.vault)
    worker = Worker(lab.store, planner, SshCertificates(lab.client), utc_now, uuid7, name="w")
    project = await lab.request("good")
    await happened(lab.store, project, CancelRequested())
    [granted] = await lab.store.load("allocation", project)

    await worker.configure(granted)

    assert kinds(await lab.events(project)) == ["requested", "cancel-requested", "cancelled"]


async def test_a_run_that_is_given_up_while_it_is_to_be_cancelled_is_cancelled(lab: WorkerLab) -> None:
    project = await lab.request("good")
    started = ProvisioningStarted(attempt=1, worker="w", first_step=1)
    await happened(lab.store, project, started, CancelRequested())
    [granted] = await lab.store.load("allocation", project)
    assert isinstance(granted.event, AllocationGranted)
    planner = Planner(lab.home / "playbooks", lab.runs, lab.home / "key", lab.vault)
    entrance = Entrance(SshCertificates(lab.client), project, utc_now, ())
    saga = Saga(
        lab.store, planner, entrance, utc_now, project, granted.event, worker="w", context=CONTEXT, hold=HOLD
    )

    assert await saga.give_up() == "cancelled"

    ended = (await lab.events(project))[-1]
    assert ended == ProjectCancelled(log_sequence=(await lab.log(project))[-1].seq)


async def test_a_worker_that_lost_its_run_ends_what_it_started_and_nothing_of_the_worker_that_has_it(
    lab: WorkerLab,
) -> None:
    lab.add_play("hangs", HANGS)
    project = await lab.request("hangs", machines=1)
    [granted] = [recorded.event for recorded in await lab.store.load("allocation", project)]
    requested = (await load(lab.store, PROJECT, project)).state
    assert isinstance(granted, AllocationGranted)
    assert isinstance(requested, Requested)
    planner = Planner(lab.home / "playbooks", lab.runs, lab.home / "key", lab.vault)
    lost, taken = (
        planner.plan(project, requested.details, first_step=1, machines=granted.machines) for _ in range(2)
    )
    async with run_process(taken) as goes_on:
        async with run_process(lost) as ended:
            await until(lambda: lab.ran == ["hangs"] * 2, seconds=30)
            ended._process.kill()
        assert of_hold(lost.directory) == []
        assert any(process.name() == "sleep" for process in of_hold(taken.directory))
        assert goes_on._process.returncode is None
    lab.assert_nothing_left(project)


async def test_another_worker_goes_on_where_a_killed_one_stopped(lab: WorkerLab) -> None:
    lab.add_play("hangs-once", HANGS_ONCE)
    first = await lab.start_worker()
    project = await lab.request("good", "hangs-once", "good", machines=1)
    await until(lambda: "hangs-once" in lab.ran, seconds=20)

    first.send_signal(signal.SIGKILL)
    first.wait()
    await until(lambda: processes_of(project) == [], seconds=5)
    assert list(lab.runs.iterdir()) == []
    await lab.start_worker()
    events = await lab.until(project, ProjectProvisioned, seconds=40)

    assert kinds(events) == [
        "requested",
        "provisioning-started",
        *["step-started", "step-succeeded"],
        "step-started",
        "provisioning-started",
        *["step-started", "step-succeeded"] * 2,
        "provisioned",
    ]
    starts = [event for event in events if isinstance(event, ProvisioningStarted)]
    assert [start.first_step for start in starts] == [1, 2]
    assert starts[0].worker != starts[1].worker
    assert lab.ran == ["good", "hangs-once", "hangs-once", "good"]
    frames = await lab.log(project)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    lab.assert_nothing_left(project)


async def test_a_worker_whose_run_was_taken_over_stops_quietly(lab: WorkerLab) -> None:
    lab.add_play("hangs", HANGS)
    await lab.start_worker()
    project = await lab.request("hangs", machines=1)
    await until(lambda: "hangs" in lab.ran, seconds=20)

    await happened(lab.store, project, ProvisioningStarted(attempt=1, worker="somebody else", first_step=1))
    await until(lambda: processes_of(project) == [], seconds=10)

    await asyncio.sleep(0.5)
    events = await lab.events(project)
    assert kinds(events)[-1] == "provisioning-started", "the fenced worker adds nothing"
    lab.assert_nothing_left(project)


async def test_a_stopped_worker_that_wakes_up_late_changes_nothing(lab: WorkerLab) -> None:
    lab.add_play("hangs-once", HANGS_ONCE)
    first = await lab.start_worker()
    project = await lab.request("hangs-once", machines=1)
    await until(lambda: "hangs-once" in lab.ran, seconds=20)

    first.send_signal(signal.SIGSTOP)
    await lab.start_worker()
    events = await lab.until(project, ProjectProvisioned, seconds=40)
    first.send_signal(signal.SIGCONT)
    await asyncio.sleep(2)

    assert kinds(await lab.events(project)) == kinds(events)
    assert lab.ran == ["hangs-once", "hangs-once"]
    lab.assert_nothing_left(project)


async def test_lines_stay_whole_and_secrets_are_masked(lab: WorkerLab) -> None:
    long = "x" * 20_000
    lab.add_play("says", f"ansible.builtin.debug: {{ msg: ['a{long}b', '{SECRET}', '\\u2028한글'] }}")
    await lab.start_worker()
    project = await lab.request("says", secret=SECRET)

    events = await lab.until(project, ProjectProvisioned)

    texts = [frame.text for frame in await lab.log(project) if isinstance(frame, LineFrame)]
    said = [text for text in texts if long in text]
    assert len(said) == 2
    assert len([text for text in texts if "- ********" in text]) == 2
    assert len([text for text in texts if "한글" in text]) == 2
    assert SECRET not in repr([event.model_dump() for event in events]) + "".join(texts)
    log = (lab.home / "worker.log").read_text()
    assert SECRET not in log


async def test_a_great_deal_of_output_arrives_whole_and_in_order(lab: WorkerLab) -> None:
    lab.add_play("chatty", CHATTY)
    await lab.start_worker()
    project = await lab.request("chatty", machines=1)

    await lab.until(project, ProjectProvisioned, seconds=60)

    frames = await lab.log(project)
    numbers = [text for frame in frames if isinstance(frame, LineFrame) if (text := bare(frame.text)).isdigit()]
    assert numbers == [str(number) for number in range(1, 20_001)]


async def test_a_reset_ends_a_run_at_once(lab: WorkerLab) -> None:
    lab.add_play("hangs", HANGS)
    await lab.start_worker()
    project = await lab.request("hangs", machines=1)
    await until(lambda: "hangs" in lab.ran, seconds=20)

    await happened(lab.store, project, ProjectDeleted())
    await until(lambda: processes_of(project) == [], seconds=10)

    await asyncio.sleep(0.5)
    assert kinds(await lab.events(project))[-1] == "deleted"
    lab.assert_nothing_left(project)


ELSEWHERE = Vault(Fernet.generate_key().decode())


@pytest.mark.parametrize(
    ("vault", "machine", "reason"),
    [
        (ELSEWHERE, "vm-1", "it was encrypted under another key"),
        (None, "vm-2", "it was sealed for another place than it is stored at"),
    ],
    ids=["another key", "another machine's"],
)
async def test_a_credential_that_cannot_be_read_fails_the_run_with_a_sentence(
    lab: WorkerLab, vault: Vault | None, machine: str, reason: str
) -> None:
    lab.machine["credential"] = (vault or lab.vault).seal("x", Binding(VM_CREDENTIAL, machine))
    await lab.start_worker()
    project = await lab.request("good", machines=1)

    events = await lab.until(project, ProvisioningFailed)

    ended: Any = events[-1]
    assert ended.reason == "run-failed"
    assert ended.detail == f"The credential of vm-1 cannot be read: {reason}."


async def test_a_worker_that_is_told_to_stop_hands_its_run_to_the_next(lab: WorkerLab) -> None:
    lab.add_play("hangs-once", HANGS_ONCE)
    first = await lab.start_worker()
    project = await lab.request("good", "hangs-once", machines=1)
    await until(lambda: "hangs-once" in lab.ran, seconds=20)

    first.terminate()
    assert await asyncio.to_thread(first.wait, 10) in {0, -signal.SIGTERM}
    assert processes_of(project) == []
    assert list(lab.runs.iterdir()) == []
    assert kinds(await lab.events(project))[-1] == "step-started", "a stop is no failure"
    await lab.start_worker()
    await lab.until(project, ProjectProvisioned, seconds=30)
    assert lab.ran == ["good", "hangs-once", "hangs-once"]


def bare(text: str) -> str:
    return text.replace("\x1b[0;32m", "").replace("\x1b[0m", "").strip()
