"""Requests that wait for machines, and projects that keep theirs: the queue, the hold, the replacement."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from hcmp_contracts.allocation import AllocationDenied, AllocationGranted, AllocationQueued, AllocationReleased
from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    CancelRequested,
    HoldEnded,
    HostFailure,
    ProjectAdmitted,
    ProjectProvisioned,
    ProjectRequested,
    ProvisioningFailed,
    RetryRequested,
    RoleCount,
)
from hcmp_contracts.vm import VmQuarantined, VmRecycled, VmReleased
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.projections import pool_queries
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.machines import registered
from hcmp_testkit.scraped import scraped


async def add(store: EventStore, *names: str) -> None:
    for name in names:
        await happened(store, vm_id_of(name), registered(name))


async def request(store: EventStore, count: int, *, owner: str = "mina", **more: Any) -> str:
    project_id = str(uuid4())
    roles = [RoleCount(name="web", count=count)]
    asked = ProjectRequested(
        name="shop", owner_id=owner, owner_username=owner, template="t", packages=[], roles=roles, steps=[], **more
    )
    await happened(store, project_id, asked)
    return project_id


async def answers(store: EventStore, project_id: str, count: int) -> list[DomainEvent]:
    """The first events of the project's allocation, once there are so many."""

    async def seen() -> list[DomainEvent]:
        return [recorded.event for recorded in await store.load("allocation", project_id)]

    return await eventually(seen, lambda events: len(events) >= count, seconds=20)


async def granted(store: EventStore, project_id: str) -> AllocationGranted:
    """The grant that the project has or gets."""

    async def last() -> DomainEvent | None:
        history = await store.load("allocation", project_id)
        return history[-1].event if history else None

    event = await eventually(last, lambda event: isinstance(event, AllocationGranted), seconds=20)
    assert isinstance(event, AllocationGranted)
    return event


async def queue_at_rest(store: EventStore) -> None:
    """Nobody is looking at the queue any more as it was before the last event."""

    async def pending() -> int:
        info = await store.client.jetstream().consumer_info("EVENTS", "inventory-queueing")
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    await eventually(pending, lambda number: number == 0, seconds=20)


async def vm_events(store: EventStore, name: str) -> list[DomainEvent]:
    return [recorded.event for recorded in await store.load("vm", vm_id_of(name))]


@pytest.fixture
def store(inventory_app: FastAPI, event_store: EventStore) -> EventStore:
    """The log, with the inventory running beside it."""
    assert inventory_app.state.parts
    return event_store


async def test_who_waits_is_granted_as_soon_as_there_are_enough_machines(store: EventStore) -> None:
    await add(store, "a")
    waiting = await request(store, 2, wait=True)
    [queued] = await answers(store, waiting, 1)
    assert isinstance(queued, AllocationQueued)
    assert (queued.needed, queued.available) == (2, 1)
    await add(store, "b")
    assert {machine.name for machine in (await granted(store, waiting)).machines} == {"a", "b"}


async def test_the_queue_serves_whose_owner_has_the_fewest_machines_then_the_oldest(store: EventStore) -> None:
    await add(store, "a")
    await granted(store, await request(store, 1, owner="mina"))
    greedy = await request(store, 1, owner="mina", wait=True)
    await answers(store, greedy, 1)
    modest = await request(store, 1, owner="lee", wait=True)
    await answers(store, modest, 1)
    await queue_at_rest(store)
    await add(store, "b")
    await granted(store, modest)
    assert len(await answers(store, greedy, 1)) == 1
    await add(store, "c")
    await granted(store, greedy)


async def test_who_comes_later_does_not_overtake_whoever_waits_for_more(store: EventStore) -> None:
    await add(store, "a", "b")
    await answers(store, await request(store, 2, owner="zoe"), 1)
    large = await request(store, 2, owner="mina", wait=True)
    await answers(store, large, 1)
    small = await request(store, 1, owner="lee", wait=True)
    await answers(store, small, 1)
    await add(store, "c")
    await add(store, "d")
    await granted(store, large)
    assert all(isinstance(event, AllocationQueued) for event in await answers(store, small, 1))


async def test_a_machine_that_comes_while_the_queue_is_served_goes_to_whoever_waits_longest(
    inventory_app: FastAPI, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes after the first was found to have too few, and before the second looks."""
    parts, ask = inventory_app.state.parts, pool_queries.free
    await add(store, "a", "b")
    await answers(store, await request(store, 2, owner="zoe"), 1)
    large = await request(store, 2, owner="mina", wait=True)
    await answers(store, large, 1)
    small = await request(store, 1, owner="lee", wait=True)
    await answers(store, small, 1)

    async def free(*arguments: Any, **named: Any) -> Any:
        found = await ask(*arguments, **named)
        if named["limit"] == 2 and len(found) == 1:
            assert await parts.projector.wait_for(await happened(store, vm_id_of("d"), registered("d")))
            monkeypatch.setattr(pool_queries, "free", ask)
        return found

    monkeypatch.setattr(pool_queries, "free", free)
    await add(store, "c")
    await granted(store, large)
    assert all(isinstance(event, AllocationQueued) for event in await answers(store, small, 1))


async def test_a_request_for_more_than_the_pool_has_does_not_hold_up_the_others(store: EventStore) -> None:
    impossible = await request(store, 9, owner="mina", wait=True)
    await answers(store, impossible, 1)
    small = await request(store, 1, owner="lee", wait=True)
    await answers(store, small, 1)
    await add(store, "a")
    await granted(store, small)


async def test_who_is_cancelled_while_waiting_gets_its_answer(store: EventStore) -> None:
    waiting = await request(store, 1, wait=True)
    await answers(store, waiting, 1)
    await happened(store, waiting, CancelRequested())
    assert isinstance((await answers(store, waiting, 2))[-1], AllocationDenied)


async def test_what_is_held_back_gets_machines_only_when_it_is_admitted(store: EventStore) -> None:
    await add(store, "a")
    waiting = await request(store, 1, held_back=True)
    other = await request(store, 1, owner="lee")
    await granted(store, other)
    assert await store.load("allocation", waiting) == []
    await add(store, "b")
    roles = [RoleCount(name="web", count=1)]
    await happened(store, waiting, ProjectAdmitted(attempt=1, owner_id="mina", roles=roles, wait=True))
    await granted(store, waiting)


def failed(*, held: bool, unreachable: str | None = None) -> ProvisioningFailed:
    failures = [HostFailure(vm=unreachable or "", task="t", reason="no route to host", unreachable=True)]
    return ProvisioningFailed(
        attempt=1,
        reason="step-failed",
        detail="no",
        step=1,
        failures=failures if unreachable else [],
        log_sequence=0,
        held_until=utc_now() + timedelta(minutes=5) if held else None,
    )


async def test_a_retry_in_time_is_granted_the_same_machines(store: EventStore) -> None:
    await add(store, "a", "b", "c")
    project = await request(store, 2)
    [first] = await answers(store, project, 1)
    assert isinstance(first, AllocationGranted)
    roles = [RoleCount(name="web", count=2)]
    kept = RetryRequested(attempt=2, owner_id="mina", roles=roles, keep_machines=True)
    await happened(store, project, failed(held=True), kept)
    second = (await answers(store, project, 2))[-1]
    assert second == first.model_copy(update={"attempt": 2, "fresh": False})
    for machine in first.machines:
        assert not [event for event in await vm_events(store, machine.name) if isinstance(event, VmReleased)]


async def test_a_retry_whose_hold_has_just_ended_gets_fresh_machines(store: EventStore) -> None:
    await add(store, "a", "b")
    project = await request(store, 1)
    [first] = await answers(store, project, 1)
    await happened(store, project, failed(held=True), HoldEnded(attempt=1))
    assert isinstance((await answers(store, project, 2))[-1], AllocationReleased)
    kept = RetryRequested(attempt=2, owner_id="mina", roles=[RoleCount(name="web", count=1)], keep_machines=True)
    await happened(store, project, kept)
    second = (await answers(store, project, 3))[-1]
    assert isinstance(first, AllocationGranted)
    assert isinstance(second, AllocationGranted)
    assert second.fresh
    assert second.machines != first.machines


async def test_what_a_run_could_not_reach_is_quarantined_with_the_reason(
    store: EventStore, inventory_app: FastAPI
) -> None:
    await add(store, "a")
    project = await request(store, 1)
    await answers(store, project, 1)
    await happened(store, project, failed(held=True, unreachable="a"), HoldEnded(attempt=1))
    pool = inventory_app.state.parts.pool
    await eventually(lambda: pool_queries.counts(pool), lambda counts: counts.get("quarantined") == 1)
    [quarantined] = [event for event in await vm_events(store, "a") if isinstance(event, VmQuarantined)]
    assert quarantined.reason == "unreachable during a run: no route to host"
    assert quarantined.causes == [Cause.of("unreachable-in-run", said="no route to host")]


async def test_a_lost_machine_is_replaced_and_the_others_stay(store: EventStore) -> None:
    await add(store, "a", "b", "c")
    project = await request(store, 2)
    [first] = await answers(store, project, 1)
    assert isinstance(first, AllocationGranted)
    lost, kept = first.machines
    roles = [RoleCount(name="web", count=2)]
    replace = RetryRequested(attempt=2, owner_id="mina", roles=roles, keep_machines=True, lost=[lost.vm_id])
    await happened(store, project, replace)
    second = (await answers(store, project, 2))[-1]
    assert isinstance(second, AllocationGranted)
    assert second.fresh
    assert kept in second.machines
    assert lost not in second.machines
    assert len(second.machines) == 2
    assert isinstance((await vm_events(store, lost.name))[-1], VmQuarantined)


async def test_a_dry_run_gives_its_machines_back_when_it_is_done(
    store: EventStore, inventory_app: FastAPI
) -> None:
    await add(store, "a")
    project = await request(store, 1, dry_run=True)
    await answers(store, project, 1)
    await happened(store, project, ProjectProvisioned(attempt=1, log_sequence=0, dry_run=True))
    assert isinstance((await answers(store, project, 2))[-1], AllocationReleased)
    assert not [event for event in await vm_events(store, "a") if isinstance(event, VmRecycled)]
    pool = inventory_app.state.parts.pool
    await eventually(lambda: pool_queries.counts(pool), lambda counts: counts.get("quarantined") == 1)


async def test_prometheus_is_told_what_is_free_and_who_waits_for_how_long(
    store: EventStore, operator: AsyncClient
) -> None:
    await add(store, "a", "b")
    await happened(store, vm_id_of("b"), VmQuarantined(reason="no disk"))
    first = await request(store, 2, wait=True)
    await answers(store, first, 1)
    second = await request(store, 3, wait=True)
    await answers(store, second, 1)

    seen = await eventually(
        lambda: scraped(operator),
        lambda seen: seen["hcmp_allocations_queued"] == 2 and seen["hcmp_machines quarantined"] == 1,
    )
    statuses = ("available", "provisioning", "assigned", "recycling", "quarantined", "maintenance")
    assert [seen[f"hcmp_machines {status}"] for status in statuses] == [1, 0, 0, 0, 1, 0]
    waited = seen["hcmp_allocations_queued_oldest_seconds"]
    assert waited > 0
    assert (await scraped(operator))["hcmp_allocations_queued_oldest_seconds"] > waited

    await add(store, "c")
    await granted(store, first)
    await happened(store, second, CancelRequested())
    seen = await eventually(lambda: scraped(operator), lambda seen: seen["hcmp_allocations_queued"] == 0)
    assert seen["hcmp_allocations_queued_oldest_seconds"] == 0
    assert [seen[f"hcmp_machines {status}"] for status in statuses] == [0, 2, 0, 0, 1, 0]
