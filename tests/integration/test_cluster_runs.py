"""Runs on three brokers of which one after another dies and comes back; and what people and workers meet when two
are gone.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hcmp_contracts.project import ProjectProvisioned, ProvisioningStarted, StepSucceeded
from hcmp_eventstore.errors import StoreUnavailableError
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer, make_whole
from hcmp_testkit.projects import project_lab
from hcmp_testkit.workers import WorkerLab, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
KIM = Account("kim")
BUSY_SECONDS = 5.0


@pytest.fixture
async def store(whole_cluster: list[NatsServer]) -> AsyncIterator[EventStore]:
    async with whole_cluster[-1].connect() as client:
        yield EventStore(client, source="test")


@pytest.fixture
async def lab(whole_cluster: list[NatsServer], store: EventStore) -> AsyncIterator[WorkerLab]:
    """Two workers, each connected to another broker at first."""
    async with worker_lab(whole_cluster[0], store, PLAYBOOKS) as lab:
        for node in whole_cluster[:2]:
            lab.nats = node
            await lab.start_worker()
        yield lab


async def assert_completed_once(lab: WorkerLab, project_id: str) -> None:
    events = await lab.until(project_id, ProjectProvisioned, seconds=120)
    assert sum(isinstance(event, ProjectProvisioned) for event in events) == 1
    assert [event.number for event in events if isinstance(event, StepSucceeded)] == [1, 2]
    frames = await lab.log(project_id)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [pytest.param(6), pytest.param(20, marks=pytest.mark.long)])
async def test_every_run_completes_once_whichever_broker_dies_and_comes_back_meanwhile(
    whole_cluster: list[NatsServer], lab: WorkerLab, count: int
) -> None:
    projects: list[str] = []
    running: list[str] = []
    for number in range(count):
        projects.append(await lab.request("good", "good", machines=1))
        running.append(projects[-1])
        if number % (count // 3) == 0:
            await lab.until(projects[-1], ProvisioningStarted, seconds=60)
            dies = whole_cluster[number // (count // 3) % 3]
            dies.kill()
            await asyncio.sleep(1)
            dies.start()
    await make_whole(whole_cluster)
    for project_id in projects:
        await assert_completed_once(lab, project_id)
    # A step that was cut off may have run twice; none was left out.
    assert len(lab.ran) >= 2 * count


async def test_with_two_brokers_gone_a_run_waits_and_goes_on_by_itself_when_they_are_back(
    whole_cluster: list[NatsServer], lab: WorkerLab
) -> None:
    lab.add_play("slow", "ansible.builtin.command: sh -c 'echo PLAY >> RAN; sleep 2'")
    project_id = await lab.request("slow", "good", machines=1)
    await lab.until(project_id, ProvisioningStarted, seconds=60)
    for node in whole_cluster[:2]:
        node.kill()
    with pytest.raises(StoreUnavailableError):
        await lab.request("good", machines=1)
    await make_whole(whole_cluster)
    await assert_completed_once(lab, project_id)
    assert "good" in lab.ran


async def test_with_two_brokers_gone_people_read_on_and_are_told_at_once_when_to_try_again(
    whole_cluster: list[NatsServer], store: EventStore, database_url: str
) -> None:
    survivor = whole_cluster[-1]
    async with project_lab(survivor, database_url, store, PLAYBOOKS) as lab:
        lab.inventory.available = 100  # it answers the requests of other tests on these brokers too
        await lab.register(KIM)
        project_id = await lab.provision(KIM)
        for node in whole_cluster[:2]:
            node.kill()
        async with asyncio.timeout(2 + BUSY_SECONDS):
            refused = await lab.call(KIM, "POST", "/api/provision", {"name": "shop", "template": "single"})
        assert (refused.status_code, refused.json()["type"]) == (503, "log-unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        read = await lab.call(KIM, "GET", f"/api/projects/{project_id}")
        assert (read.status_code, read.json()["id"]) == (200, project_id)

        await make_whole(whole_cluster)

        async def again() -> httpx.Response:
            return await lab.call(KIM, "POST", f"/api/projects/{project_id}/cancel")

        await eventually(again, lambda answer: answer.status_code == 202, seconds=30)
