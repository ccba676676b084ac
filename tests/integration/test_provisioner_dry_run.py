"""A dry run by a real worker: Ansible says what it would change, and nothing is changed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hcmp_contracts.project import ProjectProvisioned, StepSucceeded
from hcmp_eventstore.store import EventStore
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.workers import WorkerLab, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
SECRET = "correct horse battery staple"


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        yield lab


async def test_a_dry_run_shows_what_would_change_and_changes_nothing(lab: WorkerLab) -> None:
    lab.add_play(
        "writes",
        f"""ansible.builtin.copy: {{ content: "name: shop\\nkey: {SECRET}\\n", dest: "RAN.new", mode: "0600" }}
    - name: Keep a password
      ansible.builtin.copy: {{ content: "never to be seen", dest: "RAN.password", mode: "0600" }}
      no_log: true
    - name: Run a command
      ansible.builtin.command: touch RAN.command
""",
    )
    await lab.start_worker()
    project = await lab.request("writes", machines=1, dry_run=True, secret=SECRET)

    events = await lab.until(project, ProjectProvisioned)

    assert events[-1] == ProjectProvisioned(attempt=1, log_sequence=(await lab.log(project))[-1].seq, dry_run=True)
    [succeeded] = [event for event in events if isinstance(event, StepSucceeded)]
    assert succeeded.hosts[0].changed_tasks == ["Do it"], "what is not logged is not told either"
    said = await lab.said(project)
    assert "This is a dry run" in said
    assert "+name: shop\n" in said
    assert "+key: ********\n" in said
    assert "never to be seen" not in said
    assert list(lab.home.glob("ran*")) == []
    lab.assert_nothing_left(project)
