"""`kill -9` of any one process during a run: it comes back by itself and the project still ends COMPLETED."""

import asyncio
import os
import signal
from typing import Any

import httpx
import pytest

from hcmp_testkit.gateway import Person
from hcmp_testkit.installation import Installation

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]


async def seen(member: Person, project_id: str) -> dict[str, Any] | None:
    """The project, unless what was killed is not back yet."""
    try:
        answer = await member.http.get(f"/api/projects/{project_id}")
    except httpx.TransportError:
        return None
    if answer.status_code != 200:
        return None
    project: dict[str, Any] = answer.json()
    return project


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "processes",
    [
        pytest.param(["worker"], id="the worker"),
        pytest.param(["nats"], id="the broker"),
        pytest.param(["postgres"], id="the database"),
        pytest.param(["inventory", "provisioner"], id="the services that the run passes through"),
        pytest.param(["auth", "monitor", "terminal", "gateway"], id="the other services and the gateway"),
    ],
)
async def test_the_project_completes_although_processes_were_killed(
    member: Person, installation: Installation, processes: list[str]
) -> None:
    accepted = (await member.provision("single")).json()
    project_id = accepted["project_id"]
    async with asyncio.timeout(60):
        while not any(step["status"] == "succeeded" for step in (await member.project(project_id))["steps"]):
            await asyncio.sleep(0.2)
    before = {process: installation.process(process) for process in processes}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    async with asyncio.timeout(200):
        while True:
            project = await seen(member, project_id)
            if project and project["status"] in ("completed", "failed"):
                break
            await asyncio.sleep(0.3)
    assert project["status"] == "completed", project["failure"]
    assert all(installation.process(process) != pid for process, pid in before.items())

    events = (await member.get(f"/api/projects/{project_id}/events"))["events"]
    finished = [event["data"]["number"] for event in events if event["type"] == "hcmp.project.step-succeeded.v1"]
    assert finished == [step["number"] for step in project["steps"]]
    frames = await member.log_frames(project_id)
    numbered = [frame["seq"] for frame in frames if frame["type"] != "end"]
    assert numbered == list(range(1, len(numbered) + 1))
