"""`kill -9` of any one process during a run: it comes back by itself and the project still ends COMPLETED."""

import asyncio
import os
import signal

import pytest

from hcmp_testkit.gateway import Person
from hcmp_testkit.installation import Installation

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "process", ["auth", "inventory", "provisioner", "worker", "monitor", "terminal", "nats", "postgres"]
)
async def test_the_project_completes_although_a_process_was_killed(
    member: Person, installation: Installation, process: str
) -> None:
    accepted = (await member.provision("single")).json()
    project_id = accepted["project_id"]
    async with asyncio.timeout(60):
        while not any(step["status"] == "succeeded" for step in (await member.project(project_id))["steps"]):
            await asyncio.sleep(0.2)
    os.kill(installation.process(process), signal.SIGKILL)

    async with asyncio.timeout(200):
        while True:
            answer = await member.http.get(f"/api/projects/{project_id}")
            if answer.status_code == 200 and answer.json()["status"] in ("completed", "failed"):
                break
            await asyncio.sleep(0.3)
    project = answer.json()
    assert project["status"] == "completed", project["failure"]

    events = (await member.get(f"/api/projects/{project_id}/events"))["events"]
    finished = [event["data"]["number"] for event in events if event["type"] == "hcmp.project.step-succeeded.v1"]
    assert finished == [step["number"] for step in project["steps"]]
    frames = await member.log_frames(project_id)
    numbered = [frame["seq"] for frame in frames if frame["type"] != "end"]
    assert numbered == list(range(1, len(numbered) + 1))
