"""What goes wrong says why, and gives everything back."""

import json

import pytest

from hcmp_testkit.gateway import Person

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]


@pytest.mark.timeout(300)
async def test_a_package_that_does_not_exist_fails_with_step_machine_and_reason(
    member: Person, operator: Person
) -> None:
    accepted = (await member.provision("single", packages=["no-such-package-anywhere"])).json()
    frames = await member.log_frames(accepted["project_id"])
    project = await member.settled(accepted["project_id"], "completed", "failed")
    assert project["status"] == "failed"
    failed = [step for step in project["steps"] if step["status"] == "failed"]
    assert len(failed) == 1
    failure = project["failure"]
    assert failure["step"] == failed[0]["number"]
    [host] = failure["failures"]
    assert host["vm"] == accepted["vms"][0]["name"]
    assert "no-such-package-anywhere" in host["reason"]
    assert frames[-1] == {"type": "end", "status": "failed"}

    text = await member.log_text(accepted["project_id"])
    assert f"::STEP_{failed[0]['number']}_FAILED::" in text
    assert text[-1] == "::FAILED::"

    await operator.pool_ready(6)
    history = (await member.get(f"/api/projects/{project['id']}/events"))["events"]
    assert [event["type"] for event in history][-3:] == [
        "hcmp.project.provisioning-failed.v1",
        "hcmp.project.hold-ended.v1",
        "hcmp.allocation.released.v1",
    ]


async def test_more_machines_than_there_are_is_a_409_with_the_figures(member: Person, operator: Person) -> None:
    held = (await member.provision("ha", name="first")).json()
    refused = await operator.provision("three-tier", name="second")
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["type"], problem["needed"], problem["available"]) == ("insufficient-capacity", 3, 1)
    await operator.pool_shows("provisioning", 5, seconds=5)

    cancelled = await member.http.post(f"/api/projects/{held['project_id']}/cancel")
    assert cancelled.status_code == 202
    await member.settled(held["project_id"], "cancelled", seconds=30)
    assert (await member.log_frames(held["project_id"]))[-1] == {"type": "end", "status": "cancelled"}
    await operator.pool_ready(6)


async def test_the_same_idempotency_key_is_one_project(member: Person, operator: Person) -> None:
    headers = {"Idempotency-Key": "order-1"}
    body = {"name": "once", "template": "single", "packages": []}
    first = await member.http.post("/api/provision", json=body, headers=headers)
    again = await member.http.post("/api/provision", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["project_id"] == again.json()["project_id"]
    other = await member.http.post("/api/provision", json=body | {"name": "twice"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reused")
    await operator.pool_shows("available", 5, seconds=5)
    await member.http.post(f"/api/projects/{first.json()['project_id']}/cancel")
    await member.settled(first.json()["project_id"], "cancelled", seconds=30)


@pytest.mark.parametrize(
    "change",
    [
        {"template": "no-such-template"},
        {"packages": ["{{ lookup('pipe', 'id') }}"]},
        {"packages": ["--allow-unauthenticated"]},
        {"packages": ["htop\nvim"]},
        {"packages": "htop"},
        {"name": ""},
        {"name": "a\u0000b"},
        {"surprise": True},
    ],
    ids=json.dumps,
)
async def test_bad_input_is_refused_and_takes_no_machine(member: Person, operator: Person, change: object) -> None:
    assert isinstance(change, dict)
    good = {"name": "bad", "template": "single", "packages": []}
    refused = await member.http.post("/api/provision", json=good | change)
    assert refused.status_code in (404, 422), refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"]
    assert (await operator.pool())["available"] == 6
