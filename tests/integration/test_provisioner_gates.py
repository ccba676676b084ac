"""What a request passes before it has machines: approval, maintenance, quotas, capacity; and what it tells."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcmp_contracts.account import AccountQuotaChanged
from hcmp_contracts.project import (
    HostFailure,
    HostResult,
    ProjectProvisioned,
    ProvisioningFailed,
    ProvisioningStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from hcmp_contracts.settings import PLATFORM, MaintenanceDisabled, MaintenanceEnabled
from hcmp_contracts.vm import VmRetired
from hcmp_eventstore.decider import load
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_provisioner.domain.quota import QUOTA
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import running
from hcmp_testkit.projects import ProjectLab, project_lab
from hcmp_testkit.scraped import scraped

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
KIM = Account("kim")
OPERATOR = Account("operator", role="admin")
SINGLE = {"name": "shop", "template": "single"}
THREE_TIER = {"name": "shop", "template": "three-tier"}
STARTED = ProvisioningStarted(attempt=1, worker="w", first_step=1)
DONE = ProjectProvisioned(attempt=1, log_sequence=0)


@pytest.fixture
async def lab(nats_server: NatsServer, database_url: str, event_store: EventStore) -> AsyncIterator[ProjectLab]:
    """From three machines on, an operator has to approve."""
    approval = {"HCMP_APPROVAL_FROM_MACHINES": "3"}
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS, **approval) as lab:
        await lab.register(KIM, quota=4, runs=2)
        await lab.register(OPERATOR, quota=100)
        yield lab


async def ask(lab: ProjectLab, body: dict[str, Any], by: Account = KIM) -> str:
    """The id of a project that waits for something."""
    answer = await lab.call(by, "POST", "/api/provision", body)
    assert (answer.status_code, answer.json()["status"], answer.json()["vms"]) == (202, "requested", [])
    project_id: str = answer.json()["project_id"]
    return project_id


async def view(lab: ProjectLab, project_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await lab.call(KIM, "GET", f"/api/projects/{project_id}")).json()
    return answer


async def reaches(lab: ProjectLab, project_id: str, status: str) -> dict[str, Any]:
    return await eventually(lambda: view(lab, project_id), lambda seen: seen["status"] == status)


async def waits_for(lab: ProjectLab, project_id: str, reason: str) -> dict[str, Any]:
    seen = await eventually(
        lambda: view(lab, project_id), lambda seen: (seen["waiting_for"] or {}).get("reason") == reason
    )
    waiting: dict[str, Any] = seen["waiting_for"]
    return waiting


async def test_the_quota_holds_for_a_hundred_requests_at_once_in_two_copies_of_the_api(
    lab: ProjectLab, nats_server: NatsServer, database_url: str
) -> None:
    many = Account("many")
    await lab.register(many, quota=7, runs=100)
    lab.inventory.available = 1000
    settings = {"HCMP_PLAYBOOKS_DIR": str(PLAYBOOKS)}
    copy = running("hcmp_provisioner", nats=nats_server, database_url=database_url, settings=settings)
    async with copy as second, httpx.AsyncClient(timeout=60) as http:

        async def request(number: int) -> httpx.Response:
            url = (lab.service.url, second.url)[number % 2]
            return await http.post(f"{url}/api/provision", json=SINGLE, headers=lab.issuer.headers(many))

        answers = await asyncio.gather(*(request(number) for number in range(100)))
    assert Counter(answer.status_code for answer in answers) == {202: 7, 403: 93}
    counted = (await load(lab.store, QUOTA, many.id)).state.counted
    assert sum(one.machines for one in counted.values()) == 7


async def test_runs_at_once_are_limited_and_count_until_they_end(lab: ProjectLab) -> None:
    first = await lab.provision(KIM)
    await lab.provision(KIM)
    refused = (await lab.call(KIM, "POST", "/api/provision", SINGLE)).json()
    assert (refused["type"], refused["resource"], refused["quota"], refused["used"]) == (
        *("quota-exceeded", "runs"),
        *(2, 2),
    )
    await happened(lab.store, first, STARTED, DONE)

    async def use() -> dict[str, Any]:
        answer: dict[str, Any] = (await lab.call(KIM, "GET", "/api/quota")).json()
        return answer

    left = {"machines": {"quota": 4, "used": 2}, "runs": {"quota": 2, "used": 1}}
    await eventually(use, lambda used: used == left)
    await lab.provision(KIM)


async def test_a_large_request_waits_for_an_operator_and_then_runs(lab: ProjectLab) -> None:
    project_id = await ask(lab, THREE_TIER)
    waiting = await waits_for(lab, project_id, "approval")
    assert waiting["needed"] == 3
    listed = (await lab.call(OPERATOR, "GET", "/api/projects?waiting_for=approval")).json()["projects"]
    assert [one["id"] for one in listed] == [project_id]
    assert (await lab.call(KIM, "POST", f"/api/projects/{project_id}/approve")).status_code == 403
    quota = (await lab.call(OPERATOR, "GET", f"/api/projects/{project_id}/quota")).json()
    assert quota["machines"] == {"quota": 4, "used": 0}

    assert (await lab.call(OPERATOR, "POST", f"/api/projects/{project_id}/approve")).status_code == 202

    seen = await reaches(lab, project_id, "configuring")
    assert len(seen["vms"]) == 3
    again = await lab.call(OPERATOR, "POST", f"/api/projects/{project_id}/approve")
    assert (again.status_code, again.json()["type"]) == (409, "not-awaiting-approval")


async def test_a_refused_request_says_why_and_claims_nothing(lab: ProjectLab) -> None:
    project_id = await ask(lab, THREE_TIER)
    body = {"reason": "Take a smaller one."}
    assert (await lab.call(OPERATOR, "POST", f"/api/projects/{project_id}/reject", body)).status_code == 202
    seen = await reaches(lab, project_id, "rejected")
    assert (seen["failure"]["reason"], seen["failure"]["detail"]) == ("not-approved", "Take a smaller one.")
    assert (await load(lab.store, QUOTA, KIM.id)).state.counted == {}


async def test_neither_a_dry_run_nor_an_operator_needs_approval(lab: ProjectLab) -> None:
    for by, body in [(KIM, THREE_TIER | {"dry_run": True}), (OPERATOR, THREE_TIER)]:
        answer = await lab.call(by, "POST", "/api/provision", body)
        assert (answer.status_code, answer.json()["status"]) == (202, "configuring")


async def test_who_waits_goes_on_when_maintenance_is_over(lab: ProjectLab) -> None:
    await happened(lab.store, PLATFORM, MaintenanceEnabled(message="Back at noon"))

    async def under_maintenance() -> Any:
        return (await lab.call(KIM, "GET", "/api/platform")).json()["maintenance"]["enabled"]

    await eventually(under_maintenance, bool)
    assert (await lab.call(KIM, "POST", "/api/provision", SINGLE)).json()["type"] == "maintenance"
    project_id = await ask(lab, SINGLE | {"wait": True})
    assert (await waits_for(lab, project_id, "maintenance"))["detail"] == "Back at noon"
    await happened(lab.store, PLATFORM, MaintenanceDisabled())
    await reaches(lab, project_id, "configuring")


async def test_who_waits_for_quota_goes_on_in_turn_when_some_is_given_back(lab: ProjectLab) -> None:
    first, second = await lab.provision(KIM), await lab.provision(KIM)
    waiting = [await ask(lab, SINGLE | {"wait": True}) for _ in range(2)]
    explained = await waits_for(lab, waiting[0], "quota")
    assert (explained["resource"], explained["quota"], explained["used"]) == ("runs", 2, 2)
    await happened(lab.store, first, STARTED, DONE)
    await reaches(lab, waiting[0], "configuring")
    assert (await view(lab, waiting[1]))["status"] == "requested"
    await happened(lab.store, second, STARTED, DONE)
    await reaches(lab, waiting[1], "configuring")


async def test_who_waits_for_machines_of_the_quota_goes_on_when_it_is_raised(lab: ProjectLab) -> None:
    poor = Account("poor")
    await lab.register(poor, quota=0)
    project_id = await ask(lab, SINGLE | {"wait": True}, by=poor)

    async def status() -> Any:
        return (await lab.call(poor, "GET", f"/api/projects/{project_id}")).json()

    seen = await eventually(status, lambda one: one["waiting_for"] is not None)
    assert [seen["waiting_for"][name] for name in ("reason", "resource", "needed")] == ["quota", "machines", 1]
    await happened(lab.store, poor.id, AccountQuotaChanged(before=0, after=1))
    await eventually(status, lambda one: one["status"] == "configuring")


async def test_who_waits_for_machines_is_told_how_many_are_short_and_can_leave(lab: ProjectLab) -> None:
    lab.inventory.available = 0
    project_id = await ask(lab, SINGLE | {"wait": True})
    waiting = await waits_for(lab, project_id, "capacity")
    assert (waiting["needed"], waiting["available"], waiting["shortfall"]) == (1, 0, 1)
    assert (await lab.call(KIM, "POST", f"/api/projects/{project_id}/cancel")).status_code == 202


async def test_a_request_that_is_held_back_is_cancelled_at_once(lab: ProjectLab) -> None:
    project_id = await ask(lab, THREE_TIER)
    answer = await lab.call(KIM, "POST", f"/api/projects/{project_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    assert (await view(lab, project_id))["waiting_for"] is None


async def test_prometheus_is_told_how_many_runs_wait_for_a_worker_and_for_how_long(lab: ProjectLab) -> None:
    async with httpx.AsyncClient(base_url=lab.service.url) as http:
        project_id = await lab.provision(KIM)
        seen = await eventually(lambda: scraped(http), lambda seen: seen["hcmp_runs_waiting"] == 1)
        assert seen["hcmp_runs_waiting_oldest_seconds"] > 0
        await happened(lab.store, project_id, STARTED)
        seen = await eventually(lambda: scraped(http), lambda seen: seen["hcmp_runs_waiting"] == 0)
        assert seen["hcmp_runs_waiting_oldest_seconds"] == 0


async def test_a_longer_lease_is_no_new_wait_for_a_worker(lab: ProjectLab) -> None:
    async with httpx.AsyncClient(base_url=lab.service.url) as http:
        project_id = await lab.provision(KIM, lease_days=1)
        age = "hcmp_runs_waiting_oldest_seconds"
        before = await eventually(lambda: scraped(http), lambda seen: seen[age] > 0.3)
        answer = await lab.call(KIM, "PATCH", f"/api/projects/{project_id}/lease", {"days": 2})
        assert answer.status_code == 202
        after = await scraped(http)
        assert after["hcmp_runs_waiting"] == 1
        assert after[age] > before[age]


async def test_a_project_tells_that_no_worker_has_it_and_how_far_it_is(lab: ProjectLab) -> None:
    before = await lab.provision(KIM)
    steps = (await view(lab, before))["steps"]
    assert (await view(lab, before))["waiting_for"]["reason"] == "worker"
    assert (await view(lab, before))["progress"]["typical_seconds"] is None
    await happened(lab.store, before, STARTED)
    hosts = [HostResult(vm="vm-1", ok=3, changed=1)]
    for step in steps:
        facts = {"number": step["number"], "name": step["name"], "attempt": 1}
        await happened(lab.store, before, StepStarted(**facts), StepSucceeded(**facts, hosts=hosts))
    await happened(lab.store, before, DONE)
    ended = await reaches(lab, before, "completed")
    assert ended["progress"]["share"] == 1.0
    assert ended["steps"][0]["hosts"] == [hosts[0].model_dump(mode="json")]
    assert ended["steps"][0]["duration_seconds"] >= 0

    now = await lab.provision(KIM)
    await happened(lab.store, now, STARTED)
    seen = await eventually(lambda: view(lab, now), lambda one: one["waiting_for"] is None)
    assert (seen["progress"]["finished"], seen["progress"]["total"]) == (0, len(steps))
    assert seen["progress"]["remaining_seconds"] == pytest.approx(seen["progress"]["typical_seconds"])
    templates = (await lab.call(KIM, "GET", "/api/templates")).json()["templates"]
    single = next(template for template in templates if template["id"] == "single")
    assert (single["approval"], single["typical_seconds"]) == (
        "none",
        pytest.approx(seen["progress"]["typical_seconds"]),
    )


async def test_a_retry_in_time_keeps_the_machines_and_the_finished_steps(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    failure = HostFailure(vm="vm-1", task="Install", reason="no such package")
    names = [step["name"] for step in (await view(lab, project_id))["steps"]]
    await happened(
        lab.store,
        project_id,
        STARTED,
        StepStarted(number=1, name=names[0], attempt=1),
        StepSucceeded(number=1, name=names[0], attempt=1),
        StepStarted(number=2, name=names[1], attempt=1),
        StepFailed(number=2, name=names[1], attempt=1, failures=[failure]),
        ProvisioningFailed(
            attempt=1,
            reason="step-failed",
            detail="no",
            step=2,
            log_sequence=0,
            held_until=utc_now() + timedelta(minutes=5),
        ),
    )
    failed = await reaches(lab, project_id, "failed")
    assert failed["machines_held_until"] is not None
    assert len(failed["vms"]) == 1
    assert failed["steps"][1]["failures"] == [failure.model_dump(mode="json")]

    answer = await lab.call(KIM, "POST", f"/api/projects/{project_id}/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "configuring")
    assert answer.json()["vms"] == failed["vms"]
    await happened(lab.store, project_id, ProvisioningStarted(attempt=2, worker="w", first_step=2))
    seen = await eventually(lambda: view(lab, project_id), lambda one: one["waiting_for"] is None)
    assert (seen["attempt"], seen["machines_held_until"], seen["vms"]) == (2, None, failed["vms"])
    assert [(step["status"], step["attempt"]) for step in seen["steps"][:2]] == [("succeeded", 1), ("pending", 2)]


async def test_a_hold_ends_by_itself_and_the_machines_go_back(lab: ProjectLab) -> None:
    project_id = await lab.provision(KIM)
    until = utc_now() + timedelta(seconds=1)
    failed = ProvisioningFailed(attempt=1, reason="run-failed", detail="no", log_sequence=0, held_until=until)
    await happened(lab.store, project_id, STARTED, failed)
    assert len((await reaches(lab, project_id, "failed"))["vms"]) == 1
    seen = await eventually(lambda: view(lab, project_id), lambda one: one["vms"] == [], seconds=15)
    assert seen["machines_held_until"] is None
    await eventually(lambda: load(lab.store, QUOTA, KIM.id), lambda loaded: loaded.state.counted == {})


async def test_a_project_is_told_that_one_of_its_machines_is_gone(lab: ProjectLab) -> None:
    project = await lab.provision(KIM)
    await happened(lab.store, project, STARTED, DONE)
    [machine] = (await reaches(lab, project, "completed"))["vms"]
    assert (machine["lost_at"], machine["lost_reason"]) == (None, None)
    gone = VmRetired(reason="deleted in its provider (docker)", name=machine["name"], project_id=project)
    await happened(lab.store, machine["id"], gone)
    seen = await eventually(lambda: view(lab, project), lambda seen: seen["vms"][0]["lost_at"] is not None)
    assert (seen["status"], seen["vms"][0]["lost_reason"]) == ("completed", gone.reason)
    history = (await lab.call(KIM, "GET", f"/api/projects/{project}/events")).json()["events"]
    told = {"vm_id": machine["id"], "name": machine["name"], "reason": gone.reason}
    assert [event["data"] for event in history if event["type"] == "hcmp.project.machine-lost.v1"] == [told]
