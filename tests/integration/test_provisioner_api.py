"""The API of projects as a real process over a real broker and database."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hcmp_contracts.allocation import AllocationDenied
from hcmp_contracts.logs import LineFrame, StepFrame
from hcmp_contracts.project import (
    HostFailure,
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProvisioningFailed,
    ProvisioningStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from hcmp_contracts.settings import PLATFORM, MaintenanceDisabled, MaintenanceEnabled
from hcmp_contracts.system import FactoryResetRequested
from hcmp_eventstore.logstream import open_log
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.projects import ProjectLab, project_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
KIM = Account("kim")
LEE = Account("lee")
VIEWER = Account("viewer", role="viewer")
OPERATOR = Account("operator", role="admin")
STARTED = ProvisioningStarted(attempt=1, worker="w", first_step=1)


@pytest.fixture
async def lab(nats_server: NatsServer, database_url: str, event_store: EventStore) -> AsyncIterator[ProjectLab]:
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS) as lab:
        for account in (KIM, LEE, VIEWER, OPERATOR):
            await lab.register(account)
        yield lab


async def project(lab: ProjectLab, project_id: str, by: Account = KIM, **query: str) -> dict[str, Any]:
    answer = await lab.call(by, "GET", f"/api/projects/{project_id}?{httpx.QueryParams(query)}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def settled(lab: ProjectLab, project_id: str, status: str) -> dict[str, Any]:
    return await eventually(lambda: project(lab, project_id), lambda view: view["status"] == status)


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def test_a_project_is_answered_with_its_machines(lab: ProjectLab) -> None:
    body = {"name": "shop", "template": "three-tier", "packages": ["htop"], "lease_days": 3}
    answer = await lab.call(KIM, "POST", "/api/provision", body)

    assert answer.status_code == 202
    said = answer.json()
    assert said["status"] == "configuring"
    assert [(vm["name"], vm["address"], vm["role"]) for vm in said["vms"]] == [
        ("vm-1", "10.0.0.1", "web"),
        ("vm-2", "10.0.0.2", "app"),
        ("vm-3", "10.0.0.3", "db"),
    ]
    view = await project(lab, said["project_id"])
    assert set(view) == {
        *("id", "name", "owner", "template", "packages", "status", "attempt", "vms", "steps", "created_at"),
        *("lease_expires_at", "failure", "dry_run", "machines_held_until", "waiting_for", "progress"),
    }
    assert (view["owner"], view["status"], view["attempt"], view["failure"]) == ("kim", "configuring", 1, None)
    assert view["vms"] == said["vms"]
    assert view["steps"][0] == {
        "number": 1,
        "name": "Prepare machines",
        "status": "pending",
        "attempt": 1,
        "started_at": None,
        "finished_at": None,
        "duration_seconds": None,
        "hosts": [],
        "failures": [],
    }
    lease = datetime.fromisoformat(view["lease_expires_at"]) - datetime.fromisoformat(view["created_at"])
    assert abs(lease - timedelta(days=3)) < timedelta(seconds=10)


async def test_too_few_machines_is_a_conflict_with_the_figures(lab: ProjectLab) -> None:
    lab.inventory.available = 2
    answer = await lab.call(KIM, "POST", "/api/provision", {"name": "shop", "template": "three-tier"})
    assert slug(answer) == (409, "insufficient-capacity")
    assert (answer.json()["needed"], answer.json()["available"]) == (3, 2)
    [rejected] = (await lab.call(KIM, "GET", "/api/projects")).json()["projects"]
    view = await settled(lab, rejected["id"], "rejected")
    assert view["failure"]["reason"] == "insufficient-capacity"
    assert [frame["status"] for frame in await lab.frames(KIM, rejected["id"])] == ["rejected"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "template": "single"},
        {"name": "a\nb", "template": "single"},
        {"name": "x" * 64, "template": "single"},
        {"name": "shop"},
        {"name": "shop", "template": "single", "packages": ["htop; rm -rf /"]},
        {"name": "shop", "template": "single", "packages": ["{{ 1 }}"]},
        {"name": "shop", "template": "single", "packages": "htop"},
        {"name": "shop", "template": "single", "lease_days": 0},
        {"name": "shop", "template": "single", "variables": {"ansible_host": 1}},
        {"name": "shop", "template": "single", "dry_run": "perhaps"},
        ["shop"],
    ],
)
async def test_what_is_malformed_is_refused(lab: ProjectLab, body: Any) -> None:
    answer = await lab.call(KIM, "POST", "/api/provision", body)
    assert slug(answer) == (422, "malformed-request")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_templates_and_variables_must_be_known(lab: ProjectLab) -> None:
    answer = await lab.call(KIM, "POST", "/api/provision", {"name": "shop", "template": "none"})
    assert slug(answer) == (404, "unknown-template")
    body = {"name": "shop", "template": "single", "variables": {"size": "big"}}
    answer = await lab.call(KIM, "POST", "/api/provision", body)
    assert slug(answer) == (422, "invalid-variable")
    assert answer.json()["variable"] == "size"


async def test_templates_come_in_the_readers_language(lab: ProjectLab) -> None:
    for language, title in [("en", "Single"), ("ko-KR", "단일 서버")]:
        answer = await lab.call(VIEWER, "GET", "/api/templates", **{"Accept-Language": language})
        assert title in [template["title"] for template in answer.json()["templates"]]


async def test_a_viewer_may_look_but_not_ask(lab: ProjectLab) -> None:
    answer = await lab.call(VIEWER, "POST", "/api/provision", {"name": "shop", "template": "single"})
    assert slug(answer) == (403, "forbidden")
    assert (await lab.call(VIEWER, "GET", "/api/projects")).json() == {"projects": [], "next_cursor": None}


async def test_the_quota_holds_for_requests_at_the_same_time(lab: ProjectLab) -> None:
    poor = Account("poor")
    await lab.register(poor, quota=2)
    body = {"name": "shop", "template": "single"}
    answers = await asyncio.gather(*(lab.call(poor, "POST", "/api/provision", body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [202, 202, 403, 403, 403]
    refused = next(answer for answer in answers if answer.status_code == 403).json()
    assert (refused["type"], refused["quota"], refused["used"], refused["needed"]) == ("quota-exceeded", 2, 2, 1)


async def test_maintenance_holds_up_everyone_but_operators(lab: ProjectLab) -> None:
    await happened(lab.store, PLATFORM, MaintenanceEnabled(message="Back at noon"))
    platform = {"maintenance": {"enabled": True, "message": "Back at noon"}}

    async def seen() -> Any:
        return (await lab.call(VIEWER, "GET", "/api/platform")).json()

    await eventually(seen, lambda said: bool(said == platform))
    answer = await lab.call(KIM, "POST", "/api/provision", {"name": "shop", "template": "single"})
    assert slug(answer) == (503, "maintenance")
    assert answer.json()["detail"] == "Back at noon"
    assert int(answer.headers["retry-after"]) > 0
    await lab.provision(OPERATOR)
    await happened(lab.store, PLATFORM, MaintenanceDisabled())
    await eventually(seen, lambda said: said["maintenance"]["enabled"] is False)
    await lab.provision(KIM)


async def test_a_repeated_request_gets_the_same_answer(lab: ProjectLab) -> None:
    body = {"name": "shop", "template": "single"}
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(lab.call(KIM, "POST", "/api/provision", body, **key) for _ in range(3)))
    assert {answer.text for answer in answers} == {answers[0].text}
    project_id = answers[0].json()["project_id"]
    await happened(lab.store, project_id, STARTED, ProjectProvisioned(attempt=1, log_sequence=0))
    again = await lab.call(KIM, "POST", "/api/provision", body, **key)
    assert again.json() == answers[0].json(), "also when the project is long done"
    other = await lab.call(KIM, "POST", "/api/provision", body | {"name": "other"}, **key)
    assert slug(other) == (422, "idempotency-key-reused")
    somebody_else = await lab.call(LEE, "POST", "/api/provision", body, **key)
    assert somebody_else.json()["project_id"] != project_id


async def test_a_slow_inventory_leaves_the_project_requested(lab: ProjectLab) -> None:
    lab.inventory.silent = True
    answer = await lab.call(KIM, "POST", "/api/provision", {"name": "shop", "template": "single"})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["vms"]) == ("requested", [])


async def test_a_foreign_project_is_as_absent_as_one_that_never_was(lab: ProjectLab) -> None:
    mine, absent = await lab.provision(KIM), str(uuid4())
    calls = [
        ("GET", "", None),
        ("GET", "/events", None),
        ("GET", "/logs", None),
        ("POST", "/cancel", None),
        ("POST", "/retry", None),
        ("PATCH", "/lease", {"days": 1}),
        ("DELETE", "", None),
    ]
    for project_id in (mine, absent):
        for method, path, body in calls:
            answer = await lab.call(LEE, method, f"/api/projects/{project_id}{path}", body)
            assert slug(answer) == (404, "not-found"), (method, path)
    assert (await lab.call(LEE, "GET", "/api/projects")).json()["projects"] == []
    assert [seen["id"] for seen in (await lab.call(OPERATOR, "GET", "/api/projects")).json()["projects"]] == [mine]
    assert (await project(lab, mine, by=OPERATOR))["owner"] == "kim"


async def test_a_project_is_shown_as_it_was(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    step = {"number": 1, "name": "Prepare machines", "attempt": 1}
    instants = [utc_now()]
    failure = HostFailure(vm="vm-1", task="Install", reason="no such package")
    failed = ProvisioningFailed(
        attempt=1, reason="step-failed", detail="why", step=1, failures=[failure], log_sequence=0
    )
    for event in (STARTED, StepStarted(**step), StepFailed(**step, failures=[failure])):
        await happened(lab.store, project_id, event)
        instants.append(utc_now())
    await happened(lab.store, project_id, failed)
    view = await settled(lab, project_id, "failed")

    assert view["failure"] == {
        "reason": "step-failed",
        "detail": "why",
        "step": 1,
        "failures": [{"vm": "vm-1", "task": "Install", "reason": "no such package", "unreachable": False}],
    }
    assert view["steps"][0]["status"] == "failed"
    await eventually(lambda: project(lab, project_id), lambda view: view["vms"] == [])
    before, running, ended = instants[0], instants[2], instants[3]
    assert (await project(lab, project_id, at=before.isoformat()))["steps"][0]["status"] == "pending"
    past = await project(lab, project_id, at=running.isoformat())
    assert (past["status"], past["steps"][0]["status"]) == ("configuring", "running")
    assert [vm["name"] for vm in past["vms"]] == ["vm-1"]
    assert past["steps"][0]["finished_at"] is None
    assert (await project(lab, project_id, at=ended.isoformat()))["steps"][0]["status"] == "failed"
    too_early = await lab.call(KIM, "GET", f"/api/projects/{project_id}?at=2020-01-01T00:00:00Z")
    assert slug(too_early) == (404, "not-found")


async def test_a_failed_project_is_tried_again_on_other_machines(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    failed = ProvisioningFailed(attempt=1, reason="run-failed", detail="why", log_sequence=0)
    assert slug(await lab.call(KIM, "POST", f"/api/projects/{project_id}/retry")) == (409, "not-retryable")
    await happened(lab.store, project_id, STARTED, failed)
    await settled(lab, project_id, "failed")
    answer = await lab.call(KIM, "POST", f"/api/projects/{project_id}/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "configuring")
    view = await project(lab, project_id)
    assert (view["attempt"], view["failure"], view["vms"]) == (2, None, answer.json()["vms"])

    await happened(lab.store, project_id, ProvisioningStarted(attempt=2, worker="w", first_step=1))
    await happened(lab.store, project_id, failed.model_copy(update={"attempt": 2}))
    await settled(lab, project_id, "failed")
    lab.inventory.available = 0
    await asyncio.sleep(0.2)
    lab.inventory.available = 0
    denied = await lab.call(KIM, "POST", f"/api/projects/{project_id}/retry")
    assert slug(denied) == (409, "insufficient-capacity")
    assert (await settled(lab, project_id, "failed"))["failure"]["reason"] == "insufficient-capacity"


async def test_draining_waits_until_nothing_runs_any_more(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    await happened(lab.store, PLATFORM, MaintenanceEnabled(message="Back at noon"))

    async def begun() -> bool:
        return bool((await lab.call(OPERATOR, "GET", "/api/platform/drain")).json()["maintenance_mode"])

    await eventually(begun, bool)
    assert slug(await lab.call(KIM, "GET", "/api/platform/drain")) == (403, "forbidden")
    said = (await lab.call(OPERATOR, "GET", "/api/platform/drain?wait=1")).json()
    assert said["drained"] is False
    assert [(one["id"], one["owner"], one["status"]) for one in said["running"]] == [
        (project_id, "kim", "configuring")
    ]
    waiting = asyncio.create_task(lab.call(OPERATOR, "GET", "/api/platform/drain?wait=20"))
    await lab.call(KIM, "POST", f"/api/projects/{project_id}/cancel")
    await happened(lab.store, project_id, ProjectCancelled(log_sequence=0))
    assert (await waiting).json() == {"maintenance_mode": True, "drained": True, "running": []}


async def test_what_cannot_be_tried_again_is_told_before_quota_and_maintenance(lab: ProjectLab) -> None:
    poor = Account("poor")
    await lab.register(poor, quota=1)
    project_id = await lab.provision(poor)
    path = f"/api/projects/{project_id}/retry"
    assert slug(await lab.call(poor, "POST", path)) == (409, "not-retryable")
    await happened(lab.store, project_id, STARTED, ProjectProvisioned(attempt=1, log_sequence=0))
    await happened(lab.store, PLATFORM, MaintenanceEnabled(message=""))
    assert slug(await lab.call(poor, "POST", path)) == (409, "not-retryable")


async def test_a_running_project_is_cancelled_before_it_is_deleted(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    assert slug(await lab.call(KIM, "DELETE", f"/api/projects/{project_id}")) == (409, "project-running")
    answer = await lab.call(KIM, "POST", f"/api/projects/{project_id}/cancel")
    assert (answer.status_code, answer.json()["project_id"]) == (202, project_id)
    await happened(lab.store, project_id, ProjectCancelled(log_sequence=0))
    await settled(lab, project_id, "cancelled")
    answer = await lab.call(KIM, "DELETE", f"/api/projects/{project_id}")
    assert (answer.status_code, answer.json()["status"]) == (202, "deleting")
    await happened(lab.store, project_id, ProjectDeleted())
    await settled(lab, project_id, "deleted")
    assert (await lab.call(KIM, "GET", "/api/projects")).json()["projects"] == []
    assert len((await lab.call(KIM, "GET", "/api/projects?status=deleted")).json()["projects"]) == 1


async def test_a_wish_that_was_withdrawn_ends_with_the_answer_to_it(lab: ProjectLab) -> None:
    lab.inventory.silent = True
    body = {"name": "shop", "template": "single"}
    asking = asyncio.create_task(lab.call(KIM, "POST", "/api/provision", body))

    async def listed() -> list[Any]:
        found: list[Any] = (await lab.call(KIM, "GET", "/api/projects")).json()["projects"]
        return found

    [waiting] = await eventually(listed, lambda found: len(found) == 1)
    await lab.call(KIM, "POST", f"/api/projects/{waiting['id']}/cancel")
    await happened(lab.store, waiting["id"], AllocationDenied(attempt=1, needed=1, available=0))
    await settled(lab, waiting["id"], "cancelled")
    assert slug(await asking) == (409, "insufficient-capacity")


async def test_a_lease_is_extended(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM, lease_days=1)
    before = datetime.fromisoformat((await project(lab, project_id))["lease_expires_at"])
    answer = await lab.call(KIM, "PATCH", f"/api/projects/{project_id}/lease", {"days": 2})
    assert answer.status_code == 202
    after = datetime.fromisoformat(answer.json()["lease_expires_at"])
    assert after - before == timedelta(days=2)
    assert (await project(lab, project_id))["lease_expires_at"] == answer.json()["lease_expires_at"]


async def test_a_lease_ends_within_the_limit(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM, lease_days=1)
    before = datetime.fromisoformat((await project(lab, project_id))["lease_expires_at"])
    answer = await lab.call(KIM, "PATCH", f"/api/projects/{project_id}/lease", {"days": 365})
    assert slug(answer) == (409, "lease-limit")
    latest = datetime.fromisoformat(answer.json()["latest"])
    assert abs(latest - before - timedelta(days=364)) < timedelta(minutes=1)
    assert datetime.fromisoformat((await project(lab, project_id))["lease_expires_at"]) == before


async def test_projects_are_listed_in_pages_newest_first(lab: ProjectLab) -> None:
    ids = [await lab.provision(KIM, name=f"shop {number}") for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await lab.call(KIM, "GET", f"/api/projects?limit=2{cursor}")).json()
        seen += [item["id"] for item in page["projects"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids[::-1]
    assert slug(await lab.call(KIM, "GET", "/api/projects?cursor=nonsense")) == (422, "malformed-request")


async def test_the_events_of_a_project_are_told_oldest_first(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    await happened(lab.store, project_id, STARTED)
    events = (await lab.call(KIM, "GET", f"/api/projects/{project_id}/events")).json()["events"]
    assert [event["type"] for event in events] == [
        "hcmp.project.requested.v1",
        "hcmp.allocation.granted.v1",
        "hcmp.project.provisioning-started.v1",
    ]
    [machine] = events[1]["data"]["machines"]
    assert machine.keys() == {"vm_id", "name", "address", "role"}, "not how the platform reaches it"
    assert events[0]["actor"] == f"account/{KIM.id}"
    assert events[0]["data"]["steps"][0]["name"] == "Prepare machines"


async def written(lab: ProjectLab, project_id: str) -> int:
    """A log with a line, a step that begins and ends, and a line."""
    log = await open_log(lab.store.client, project_id)
    step = {"seq": 0, "number": 1, "name": "Prepare"}
    await log.append(
        [
            log.number(LineFrame(seq=0, time=utc_now(), vm="vm-1", text="hello 안녕")),
            log.number(StepFrame(**step, status="running")),
            log.number(StepFrame(**step, status="succeeded")),
            log.number(LineFrame(seq=0, time=utc_now(), text="bye")),
        ]
    )
    return log.sequence


async def test_a_log_is_replayed_followed_and_ended(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    await written(lab, project_id)
    seen: list[dict[str, Any]] = []
    complete = asyncio.Event()

    async def follow() -> None:
        async for frame in lab.follow(KIM, project_id):
            seen.append(json.loads(frame))
            if len(seen) == 4:
                complete.set()

    following = asyncio.create_task(follow())
    await asyncio.wait_for(complete.wait(), 5)
    last = await lab.write_lines(project_id, "live")
    await happened(lab.store, project_id, STARTED)
    for number in range(1, 7):
        step = {"number": number, "name": "x", "attempt": 1}
        await happened(lab.store, project_id, StepStarted(**step), StepSucceeded(**step))
    await happened(lab.store, project_id, ProjectProvisioned(attempt=1, log_sequence=last))
    await asyncio.wait_for(following, 5)

    assert [frame.get("seq") for frame in seen] == [1, 2, 3, 4, 5, None]
    assert (seen[0]["type"], seen[0]["vm"], seen[0]["text"]) == ("line", "vm-1", "hello 안녕")
    assert seen[2] == {"seq": 3, "type": "step", "number": 1, "name": "Prepare", "status": "succeeded"}
    assert seen[-1] == {"type": "end", "status": "completed"}
    assert await lab.frames(KIM, project_id) == seen, "a later reader sees the same"
    assert await lab.frames(KIM, project_id, "&after=3") == seen[3:]
    assert await lab.frames(KIM, project_id, "&after=99") == seen[-1:]
    text = [frame async for frame in lab.follow(KIM, project_id, "&format=text")]
    assert text == ["hello 안녕", "::STEP_1_OK::", "bye", "live", "::COMPLETED::"]
    whole = await lab.call(KIM, "GET", f"/api/projects/{project_id}/logs")
    assert whole.text.splitlines() == ["hello 안녕", "::STEP_1_OK::", "bye", "live"]
    assert whole.headers["content-type"].startswith("text/plain")


async def test_a_retried_projects_log_goes_on(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    last = await lab.write_lines(project_id, "first try")
    await happened(
        lab.store,
        project_id,
        STARTED,
        ProvisioningFailed(attempt=1, reason="run-failed", detail="why", log_sequence=last),
    )
    await settled(lab, project_id, "failed")
    assert (await lab.frames(KIM, project_id))[-1] == {"type": "end", "status": "failed"}
    await lab.call(KIM, "POST", f"/api/projects/{project_id}/retry")

    following = asyncio.create_task(lab.frames(KIM, project_id))
    await asyncio.sleep(0.3)
    assert not following.done(), "it waits for the second try"
    last = await lab.write_lines(project_id, "second try")
    await happened(lab.store, project_id, ProvisioningStarted(attempt=2, worker="w", first_step=1))
    await lab.call(KIM, "POST", f"/api/projects/{project_id}/cancel")
    await happened(lab.store, project_id, ProjectCancelled(log_sequence=last))
    frames = await asyncio.wait_for(following, 5)
    assert [frame.get("text") for frame in frames] == ["first try", "second try", None]
    assert frames[-1]["status"] == "cancelled"


async def test_a_project_is_found_by_every_spelling_of_its_id(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    last = await lab.write_lines(project_id, "hello")
    failed = ProvisioningFailed(attempt=1, reason="run-failed", detail="why", log_sequence=last)
    await happened(lab.store, project_id, STARTED, failed)
    await settled(lab, project_id, "failed")
    for spelling in (project_id.upper(), f"{{{project_id}}}", project_id.replace("-", "")):
        url = f"{lab.service.ws_url}/ws/logs/{quote(spelling)}?format=text"
        async with asyncio.timeout(5), connect(url, additional_headers=lab.issuer.headers(KIM)) as socket:
            assert [frame async for frame in socket] == ["hello", "::FAILED::"]
        path = f"/api/projects/{quote(spelling)}"
        assert (await lab.call(KIM, "GET", f"{path}/logs")).text == "hello\n"
        events = (await lab.call(KIM, "GET", f"{path}/events")).json()["events"]
        assert [event["type"] for event in events].count("hcmp.project.provisioning-failed.v1") == 1
        assert (await lab.call(KIM, "GET", path)).json()["id"] == project_id


async def test_the_socket_of_a_foreign_project_does_not_open(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    for account, target, headers, status in [
        (LEE, project_id, {}, 404),
        (LEE, str(uuid4()), {}, 404),
        (LEE, "no-uuid", {}, 404),
        (KIM, project_id, {"Origin": "https://evil.example"}, 403),
        (None, project_id, {}, 401),
    ]:
        url = f"{lab.service.ws_url}/ws/logs/{target}"
        signed = lab.issuer.headers(account) if account else {}
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers=signed | headers)
        assert refused.value.response.status_code == status
        assert refused.value.response.headers["content-type"] == "application/problem+json"


async def test_a_reset_deletes_every_project_that_was_asked_for_before(lab: ProjectLab) -> None:
    running, done = await lab.provision(KIM), await lab.provision(LEE)
    await happened(lab.store, running, STARTED)
    await happened(lab.store, done, STARTED, ProjectProvisioned(attempt=1, log_sequence=0))
    await happened(lab.store, PLATFORM, FactoryResetRequested())
    await settled(lab, running, "deleted")
    await eventually(lambda: project(lab, done, by=OPERATOR), lambda view: view["status"] == "deleted")
    after = await lab.provision(KIM)
    await asyncio.sleep(0.3)
    assert (await project(lab, after))["status"] == "configuring"
