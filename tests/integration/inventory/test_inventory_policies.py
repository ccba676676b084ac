"""The pool keeps itself: as many machines ready as its policies want, whatever becomes of them."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from hcmp_contracts.allocation import AllocationGranted
from hcmp_contracts.pool_policy import PoolPolicyCreationFailed, PoolPolicyRecovered
from hcmp_contracts.project import ProjectRequested, RoleCount
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import pool_policy
from hcmp_inventory.handlers.policies import policy_id_of
from hcmp_inventory.ports.provider import Machine
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account
from hcmp_testkit.ssh_lab import SshLab

POLICY = "/api/pool/policies/small"
SMALL = {"provider": "docker", "minimum_ready": 2, "maximum": 4, "labels": {"size": "small"}}


async def standing(operator: AsyncClient, **wanted: Any) -> dict[str, Any]:
    """The policy `small`, once it stands so."""

    async def read() -> dict[str, Any]:
        answer: dict[str, Any] = (await operator.get(POLICY)).json()
        return answer

    return await eventually(read, lambda seen: {**seen, **wanted} == seen, seconds=20)


async def request(store: EventStore, count: int, *, wait: bool = False) -> str:
    project_id = str(uuid4())
    roles = [RoleCount(name="web", count=count, labels={"size": "small"})]
    asked = ProjectRequested(
        name="shop",
        owner_id="mina",
        owner_username="mina",
        template="t",
        packages=[],
        roles=roles,
        steps=[],
        wait=wait,
    )
    await happened(store, project_id, asked)
    return project_id


async def test_machines_are_made_until_the_minimum_is_ready_and_carry_the_labels(operator: AsyncClient) -> None:
    assert (await operator.put(POLICY, json=SMALL)).status_code == 200
    await standing(operator, ready=2, total=2, failures=0)
    vms = (await operator.get("/api/vms")).json()["vms"]
    assert [vm["labels"] for vm in vms] == [{"size": "small"}] * 2


async def test_what_is_reserved_is_replaced_up_to_the_maximum(
    operator: AsyncClient, event_store: EventStore
) -> None:
    await operator.put(POLICY, json=SMALL)
    await standing(operator, ready=2)
    await request(event_store, 2)
    await standing(operator, ready=2, total=4)
    await request(event_store, 1)
    await standing(operator, ready=1, total=4)


async def test_machines_are_made_for_who_waits_in_the_queue(
    operator: AsyncClient, event_store: EventStore
) -> None:
    await operator.put(POLICY, json=SMALL)
    await standing(operator, ready=2)
    waiting = await request(event_store, 4, wait=True)

    async def last() -> Any:
        return (await event_store.load("allocation", waiting))[-1:]

    [granted] = await eventually(
        last, lambda events: bool(events) and isinstance(events[0].event, AllocationGranted), seconds=20
    )
    assert len(granted.event.machines) == 4


async def test_free_machines_go_when_the_maximum_is_lowered(operator: AsyncClient, lab: SshLab[Machine]) -> None:
    await operator.put(POLICY, json=SMALL)
    await standing(operator, ready=2)
    await operator.put(POLICY, json=SMALL | {"minimum_ready": 0, "maximum": 1})
    await standing(operator, ready=1, total=1)

    async def made() -> int:
        return len(lab.machines)

    await eventually(made, lambda count: count == 1)


async def test_a_provider_that_fails_is_tried_again_later_and_the_reason_is_shown(
    operator: AsyncClient, lab: SshLab[Machine], event_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_policy, "FIRST_PAUSE", pool_policy.FIRST_PAUSE / 20)
    lab.broken = 3
    await operator.put(POLICY, json=SMALL)
    answer = await standing(operator, failures=1)
    assert "lab-01" in answer["last_failure"]
    assert answer["causes"] == [
        {"slug": "machines-not-made", "facts": {"names": "lab-01, lab-02"}},
        {"slug": "said", "facts": {"said": "the lab is broken"}},
    ]
    assert answer["retry_at"]
    await standing(operator, ready=2, failures=0, last_failure=None, causes=[])
    history = [recorded.event for recorded in await event_store.load("pool-policy", policy_id_of("small"))]
    assert [type(event) for event in history[1:]] == [
        PoolPolicyCreationFailed,
        PoolPolicyCreationFailed,
        PoolPolicyRecovered,
    ]


async def test_a_change_on_an_older_version_is_refused(operator: AsyncClient) -> None:
    first = await operator.put(POLICY, json=SMALL | {"minimum_ready": 0})
    await operator.put(POLICY, json=SMALL | {"minimum_ready": 0, "maximum": 5})
    headers = {"If-Match": first.headers["ETag"]}
    assert (await operator.put(POLICY, json=SMALL, headers=headers)).json()["type"] == "precondition-failed"
    assert (await operator.delete(POLICY, headers=headers)).status_code == 412
    assert (await operator.get(POLICY)).json()["maximum"] == 5


async def test_a_removed_policy_keeps_nothing_any_more(operator: AsyncClient, event_store: EventStore) -> None:
    await operator.put(POLICY, json=SMALL)
    await standing(operator, ready=2)
    assert (await operator.delete(POLICY)).status_code == 204
    assert (await operator.get(POLICY)).status_code == 404
    assert (await operator.delete(POLICY)).status_code == 404
    assert (await operator.get("/api/pool")).json()["counts"]["available"] == 2


@pytest.mark.parametrize(
    "wrong",
    [{"minimum_ready": 5}, {"maximum": -1}, {"provider": "static"}, {"labels": {"a": "b\n"}}, {"more": 1}],
)
async def test_a_policy_that_makes_no_sense_is_refused(operator: AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await operator.put(POLICY, json=SMALL | wrong)).status_code == 422


async def test_policies_are_the_operators_alone(
    operator: AsyncClient, signed_in: Any, inventory_app: FastAPI
) -> None:
    member = signed_in(Account("mina"))
    for call in (member.get("/api/pool/policies"), member.put("/api/pool/policies/small", json=SMALL)):
        assert (await call).status_code == 403


async def test_of_two_who_make_a_policy_of_one_name_the_second_is_told_and_nothing_is_overwritten(
    operator: AsyncClient,
) -> None:
    only_new = {"If-None-Match": "*"}
    made = await operator.put(POLICY, json=SMALL | {"minimum_ready": 0}, headers=only_new)
    assert made.status_code == 200, made.text
    second = await operator.put(POLICY, json=SMALL | {"minimum_ready": 0, "maximum": 9}, headers=only_new)
    assert (second.status_code, second.json()["type"]) == (412, "policy-exists")
    assert (await standing(operator))["maximum"] == 4
    assert (await operator.delete(POLICY)).status_code == 204
    again = await operator.put(POLICY, json=SMALL | {"minimum_ready": 0}, headers=only_new)
    assert again.status_code == 200, again.text
