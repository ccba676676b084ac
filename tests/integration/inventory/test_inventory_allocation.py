"""Machines for projects: all or none, never twice, and exactly as many as there are."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from uuid import uuid4

import pytest
from fastapi import FastAPI
from nats.aio.client import Client
from nats.js.api import ConsumerInfo

from hcmp_contracts.allocation import AllocationDenied, AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    ProjectCancelled,
    ProjectDeleted,
    ProjectProvisioned,
    ProvisioningFailed,
    RetryRequested,
    RoleCount,
)
from hcmp_contracts.vm import VmReserved
from hcmp_eventstore.errors import ConcurrencyError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain.vm_errors import VmNotAvailableError
from hcmp_inventory.handlers.allocation import Allocations, Attempt
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.projections import pool_queries
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.machines import registered
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.requests import requested

Running = Callable[[], AbstractAsyncContextManager[FastAPI]]
CONTEXT = Context(actor="service/test", correlation_id="test")


async def machines(store: EventStore, count: int) -> list[str]:
    names = [f"m-{number:03d}" for number in range(count)]
    await asyncio.gather(*(happened(store, vm_id_of(name), registered(name)) for name in names))
    return names


def granted_machine(name: str) -> GrantedMachine:
    return GrantedMachine(
        vm_id=vm_id_of(name),
        name=name,
        address=name,
        role="web",
        ssh_host="127.0.0.1",
        ssh_port=22,
        ssh_user="hcmp",
        host_key=f"key of {name}",
    )


async def answer_to(store: EventStore, project_id: str, attempt: int = 1) -> DomainEvent:
    """The answer that this attempt of the project gets."""

    async def answers() -> list[DomainEvent]:
        return [
            recorded.event
            for recorded in await store.load("allocation", project_id)
            if getattr(recorded.event, "attempt", 0) == attempt
        ]

    return (await eventually(answers, bool, seconds=30))[0]


def held_twice(answers: Sequence[DomainEvent]) -> list[str]:
    held = Counter(
        machine.name for answer in answers if isinstance(answer, AllocationGranted) for machine in answer.machines
    )
    return [name for name, times in held.items() if times > 1]


async def test_200_reservations_at_once_over_the_same_machines_never_share_one(event_store: EventStore) -> None:
    """Every request wants the same three of nine machines as two thirds of the others do."""
    names = await machines(event_store, 9)
    allocations = Allocations(event_store)

    async def reserve(number: int) -> list[str] | None:
        wanted = [names[(number + offset * 3) % 9] for offset in range(3)]
        attempt = Attempt(str(uuid4()), "mina", 1)
        try:
            await allocations.grant(attempt, [granted_machine(name) for name in wanted], CONTEXT)
        except (VmNotAvailableError, ConcurrencyError):
            return None
        return wanted

    outcomes = await asyncio.gather(*(reserve(number) for number in range(200)))
    reserved = [name for outcome in outcomes if outcome for name in outcome]
    assert sorted(reserved) == names
    histories = await asyncio.gather(*(event_store.load("vm", vm_id_of(name)) for name in names))
    assert [sum(isinstance(past.event, VmReserved) for past in history) for history in histories] == [1] * 9


@pytest.mark.parametrize("copies", [1, 2])
async def test_of_200_projects_at_once_exactly_as_many_are_granted_as_there_are_machines(
    nats_server: NatsServer, event_store: EventStore, running: Running, copies: int
) -> None:
    await machines(event_store, 60)
    projects = [str(uuid4()) for _ in range(200)]
    async with AsyncExitStack() as stack:
        for _ in range(copies):
            await stack.enter_async_context(running())
        await asyncio.gather(*(happened(event_store, project, requested(3)) for project in projects))
        answers = await asyncio.gather(*(answer_to(event_store, project) for project in projects))
    granted = [answer for answer in answers if isinstance(answer, AllocationGranted)]
    denied = [answer for answer in answers if isinstance(answer, AllocationDenied)]
    assert (len(granted), len(denied)) == (20, 180)
    assert held_twice(answers) == []
    assert {(answer.needed, answer.available) for answer in denied} == {(3, 0)}


async def test_a_project_is_granted_machines_with_their_roles_within_a_moment(
    inventory_app: FastAPI, event_store: EventStore
) -> None:
    await machines(event_store, 5)
    project = str(uuid4())
    request = requested(1).model_copy(
        update={"roles": [RoleCount(name="web", count=2), RoleCount(name="db", count=1)]}
    )
    began = asyncio.get_running_loop().time()
    await happened(event_store, project, request, correlation="the-request")
    answer = await answer_to(event_store, project)
    assert asyncio.get_running_loop().time() - began < 0.5
    assert isinstance(answer, AllocationGranted)
    assert [machine.role for machine in answer.machines] == ["web", "web", "db"]
    assert answer.owner_id == "mina"
    [recorded] = await event_store.load("allocation", project)
    assert (recorded.envelope.correlationid, recorded.envelope.actor) == ("the-request", "service/inventory")


async def test_too_few_machines_are_told_with_the_figures(inventory_app: FastAPI, event_store: EventStore) -> None:
    await machines(event_store, 2)
    project = str(uuid4())
    await happened(event_store, project, requested(3))
    assert await answer_to(event_store, project) == AllocationDenied(attempt=1, needed=3, available=2)
    assert len(await pool_queries.free(inventory_app.state.parts.pool)) == 2


async def test_a_run_that_succeeds_keeps_its_machines_and_a_deleted_project_gives_them_back(
    inventory_app: FastAPI, event_store: EventStore
) -> None:
    pool = inventory_app.state.parts.pool
    await machines(event_store, 3)
    project = str(uuid4())
    await happened(event_store, project, requested(3))
    await answer_to(event_store, project)
    await happened(event_store, project, ProjectProvisioned(attempt=1, log_sequence=0))
    await eventually(lambda: pool_queries.counts(pool), lambda counts: counts == {"assigned": 3})
    await happened(event_store, project, ProjectDeleted())
    # Added by hand: nobody can make them new, so they wait for an operator, with the reason.
    await eventually(lambda: pool_queries.counts(pool), lambda counts: counts == {"quarantined": 3})
    reasons = {cell.reason for cell in await pool_queries.cells(pool)}
    assert reasons == {"used, and no provider static can make it new: clean it, then release it"}


async def test_a_retry_gets_other_machines_and_the_former_are_given_back(
    inventory_app: FastAPI, event_store: EventStore
) -> None:
    await machines(event_store, 4)
    project = str(uuid4())
    await happened(event_store, project, requested(2))
    first = await answer_to(event_store, project)
    await happened(
        event_store,
        project,
        ProvisioningFailed(attempt=1, reason="step-failed", detail="", log_sequence=0),
        RetryRequested(attempt=2, owner_id="mina", roles=[RoleCount(name="web", count=2)]),
    )
    second = await answer_to(event_store, project, attempt=2)
    assert isinstance(first, AllocationGranted)
    assert isinstance(second, AllocationGranted)
    assert held_twice([first, second]) == []


async def test_a_project_that_was_cancelled_before_its_answer_is_granted_nothing(
    running: Running, broker: Client, event_store: EventStore
) -> None:
    """Whatever of the two is heard first, no machine stays with a project that is over."""
    await machines(event_store, 30)
    projects = [str(uuid4()) for _ in range(10)]
    for project in projects:
        await happened(event_store, project, requested(3), ProjectCancelled(log_sequence=0))
    async with running() as app:
        for project in projects:

            async def last(project: str = project) -> DomainEvent | None:
                history = await event_store.load("allocation", project)
                return history[-1].event if history else None

            await eventually(last, lambda event: isinstance(event, AllocationReleased), seconds=30)
        held = await pool_queries.counts(app.state.parts.pool)
        assert "provisioning" not in held


async def test_what_is_heard_again_changes_nothing(
    inventory_app: FastAPI, event_store: EventStore, broker: Client
) -> None:
    """All reactions of a finished history run once more, as after the loss of their consumers."""
    await machines(event_store, 4)
    project = str(uuid4())
    await happened(event_store, project, requested(2))
    await answer_to(event_store, project)
    await happened(event_store, project, ProjectProvisioned(attempt=1, log_sequence=0), ProjectDeleted())
    pool = inventory_app.state.parts.pool
    await eventually(lambda: pool_queries.counts(pool), lambda counts: counts.get("quarantined") == 2)
    jetstream = broker.jetstream()
    end = (await jetstream.stream_info("EVENTS")).state.last_seq

    async def reactions() -> list[ConsumerInfo]:
        return [info for info in await jetstream.consumers_info("EVENTS") if info.name.startswith("inventory-")]

    lost = await reactions()
    for consumer in lost:
        await jetstream.delete_consumer("EVENTS", consumer.name)

    async def pending() -> int:
        consumers = await reactions()
        left = sum((info.num_pending or 0) + (info.num_ack_pending or 0) for info in consumers)
        return left + len(lost) - len(consumers)

    await eventually(pending, lambda number: number == 0, seconds=20)
    assert (await jetstream.stream_info("EVENTS")).state.last_seq == end
