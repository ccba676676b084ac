"""Which machines projects get: with the labels of their roles, apart from each other, and none overlooked."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from hcmp_contracts.allocation import AllocationDenied, AllocationGranted, AllocationQueued
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectRequested, RoleCount
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain.placing import Wanted
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.reactors.picking import Need, Picks
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.machines import registered

LARGE = {"size": "large"}


async def add(store: EventStore, name: str, **facts: Any) -> int:
    return await happened(store, vm_id_of(name), registered(name, **facts))


async def request(store: EventStore, *roles: RoleCount, wait: bool = False) -> str:
    project_id = str(uuid4())
    asked = ProjectRequested(
        name="shop",
        owner_id="mina",
        owner_username="mina",
        template="t",
        packages=[],
        roles=list(roles),
        steps=[],
        wait=wait,
    )
    await happened(store, project_id, asked)
    return project_id


async def answer_to(store: EventStore, project_id: str, kind: type[DomainEvent]) -> Any:
    """The last answer of the allocation, once it is of this kind."""

    async def last() -> DomainEvent | None:
        history = await store.load("allocation", project_id)
        return history[-1].event if history else None

    return await eventually(last, lambda event: isinstance(event, kind), seconds=20)


@pytest.fixture
def store(inventory_app: FastAPI, event_store: EventStore) -> EventStore:
    """The log, with the inventory running beside it."""
    assert inventory_app.state.parts
    return event_store


async def test_machines_of_a_role_are_granted_on_different_hosts(store: EventStore) -> None:
    for number in range(6):
        await add(store, f"m-{number}", placement="esx-2" if number == 0 else "esx-1")
    project = await request(store, RoleCount(name="lb", count=1), RoleCount(name="web", count=2))
    answer = await answer_to(store, project, AllocationGranted)
    assert "m-0" in {machine.name for machine in answer.machines if machine.role == "web"}


async def test_a_role_is_granted_only_machines_that_carry_its_labels(store: EventStore) -> None:
    await add(store, "small")
    await add(store, "large", labels=LARGE | {"site": "seoul"})
    project = await request(store, RoleCount(name="db", count=1, labels=LARGE), RoleCount(name="web", count=1))
    answer = await answer_to(store, project, AllocationGranted)
    assert [(machine.role, machine.name) for machine in answer.machines] == [("db", "large"), ("web", "small")]


async def test_too_few_with_the_labels_is_denied_with_how_many_there_are(store: EventStore) -> None:
    await add(store, "small")
    await add(store, "large", labels=LARGE)
    denied = await answer_to(
        store, await request(store, RoleCount(name="db", count=2, labels=LARGE)), AllocationDenied
    )
    assert (denied.needed, denied.available) == (2, 1)


async def test_who_waits_for_labels_holds_up_only_those_who_would_take_such_machines(store: EventStore) -> None:
    await add(store, "large-1", labels=LARGE)
    await add(store, "busy", labels=LARGE)
    await answer_to(store, await request(store, RoleCount(name="db", count=2, labels=LARGE)), AllocationGranted)
    waiting = await request(store, RoleCount(name="db", count=2, labels=LARGE), wait=True)
    await answer_to(store, waiting, AllocationQueued)
    other = await request(store, RoleCount(name="web", count=1), wait=True)
    await answer_to(store, other, AllocationQueued)
    await add(store, "large-2", labels=LARGE)
    await add(store, "small")
    answer = await answer_to(store, other, AllocationGranted)
    assert [machine.name for machine in answer.machines] == ["small"]
    await add(store, "large-3", labels=LARGE)
    granted = await answer_to(store, waiting, AllocationGranted)
    assert {machine.name for machine in granted.machines} == {"large-2", "large-3"}


async def test_machines_that_another_pick_gives_back_meanwhile_are_not_said_to_be_too_few(
    inventory_app: FastAPI, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other pick ends, having reserved nothing, while the read model is asked for what is free besides it."""
    last = await add(store, "a")
    parts = inventory_app.state.parts
    picks = Picks(store, parts.pool, parts.projector)
    assert await parts.projector.wait_for(last)
    asked, go_on = asyncio.Event(), asyncio.Event()
    ask = pool_queries.free

    async def slowly(*arguments: Any, **named: Any) -> Any:
        found = await ask(*arguments, **named)
        if not asked.is_set() and named["besides"]:
            asked.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(pool_queries, "free", slowly)

    async def second() -> list[str]:
        async with picks.take(Need("second", (Wanted("web"),), last)) as pick:
            return [machine.facts.name for machine in pick.machines]

    async with picks.take(Need("first", (Wanted("web"),), last)):
        picking = asyncio.create_task(second())
        await asked.wait()
    go_on.set()
    assert await picking == ["a"]
