"""Each shipped template, from the request to a chain that answers, on real machines."""

from typing import Any

import httpx
import pytest

from hcmp_testkit.gateway import Person

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]

MACHINES = {"single": 1, "three-tier": 3, "ha": 5}
ENTRY = {"single": "server", "three-tier": "web", "ha": "lb"}


async def visits(entry: dict[str, Any]) -> dict[str, Any]:
    """What the sample application answers at the entry machine of a project."""
    async with httpx.AsyncClient(timeout=10) as http:
        answer = await http.get(f"http://{entry['address']}/", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return {"text": answer.text}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("template", ["single", "three-tier", "ha"])
async def test_a_project_is_completed_and_its_chain_answers(
    member: Person, operator: Person, template: str
) -> None:
    requested = await member.provision(template, packages=["tree"])
    assert requested.status_code == 202, requested.text
    accepted = requested.json()
    assert accepted["status"] == "configuring"
    assert len(accepted["vms"]) == MACHINES[template]
    await operator.pool_shows("provisioning", MACHINES[template], seconds=5)

    frames = await member.log_frames(accepted["project_id"])
    project = await member.settled(accepted["project_id"], "completed", "failed")
    assert project["status"] == "completed", project["failure"]
    assert {step["status"] for step in project["steps"]} == {"succeeded"}
    assert all(step["attempt"] == 1 and step["finished_at"] for step in project["steps"])

    numbered = [frame["seq"] for frame in frames if frame["type"] != "end"]
    assert numbered == list(range(1, len(numbered) + 1))
    assert frames[-1] == {"type": "end", "status": "completed"}
    succeeded = [frame["number"] for frame in frames if frame.get("status") == "succeeded"]
    assert succeeded == [step["number"] for step in project["steps"]]
    assert {frame["vm"] for frame in frames if frame["type"] == "line" and frame["vm"]} == {
        vm["name"] for vm in accepted["vms"]
    }

    [entry] = [vm for vm in project["vms"] if vm["role"] == ENTRY[template]]
    first, second = await visits(entry), await visits(entry)
    assert first != second
    await operator.pool_shows("assigned", MACHINES[template], seconds=5)

    deleted = await member.http.delete(f"/api/projects/{project['id']}")
    assert deleted.status_code == 202
    await member.settled(project["id"], "deleted")
    await operator.pool_ready(6)
