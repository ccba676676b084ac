"""Used machines come back new, or not at all; what is killed half-way is finished by the next one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from nats.aio.client import Client
from nats.aio.msg import Msg

from hcmp_contracts.project import ProjectDeleted
from hcmp_contracts.vm import VmRecycleStarted, VmRegistered
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.store import EventStore
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.ports.provider import Machine
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.reactors import recycling
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.requests import requested
from hcmp_testkit.ssh_lab import SshLab

AUTHORITY = "ssh-ed25519 AAAAplatform"


@pytest.fixture
async def authorities(broker: Client) -> AsyncIterator[None]:
    """The auth service says whom machines are to trust."""

    async def answer(message: Msg) -> None:
        await message.respond(json.dumps({"keys": [f"{AUTHORITY} hcmp"]}).encode())

    subscription = await broker.subscribe("hcmp.rpc.auth.ssh-authorities", cb=answer)
    yield
    await subscription.unsubscribe()


def registered(made: Machine) -> VmRegistered:
    return VmRegistered(**asdict(made), provider="docker")


async def settled(pool: Pool, **counts: int) -> None:
    await eventually(lambda: pool_queries.counts(pool), lambda seen: seen == counts, seconds=20)


@pytest.fixture
async def pool_of_three(operator: AsyncClient, inventory_app: FastAPI) -> Pool:
    answer = await operator.post("/api/vms/import", json={"provider": "docker", "count": 3})
    assert answer.status_code == 201, answer.text
    parts: Parts = inventory_app.state.parts
    return parts.pool


async def used_and_given_back(store: EventStore, pool: Pool, count: int) -> str:
    project = str(uuid4())
    await happened(store, project, requested(count))
    await eventually(lambda: pool_queries.counts(pool), lambda seen: seen.get("provisioning") == count)
    await happened(store, project, ProjectDeleted())
    return project


async def test_machines_that_are_given_back_are_new_under_new_host_keys(
    pool_of_three: Pool, operator: AsyncClient, lab: SshLab[Machine], event_store: EventStore
) -> None:
    before = {row["name"]: row["host_key"] for row in (await operator.get("/api/vms")).json()["vms"]}
    await used_and_given_back(event_store, pool_of_three, 2)
    await settled(pool_of_three, available=3)
    assert len(lab.recycled) == 2
    after = {row["name"]: row["host_key"] for row in (await operator.get("/api/vms")).json()["vms"]}
    assert after == {name: machine.host_key for name, machine in lab.machines.items()}
    assert {name for name in before if before[name] != after[name]} == set(lab.recycled)


async def test_machines_are_recycled_side_by_side(
    pool_of_three: Pool, lab: SshLab[Machine], event_store: EventStore
) -> None:
    lab.gate.clear()
    await used_and_given_back(event_store, pool_of_three, 3)
    await settled(pool_of_three, recycling=3)

    async def waiting() -> int:
        return len(lab.waiting)

    await eventually(waiting, lambda number: number == 3)
    lab.gate.set()
    await settled(pool_of_three, available=3)


async def test_a_recycle_that_fails_is_tried_again_and_then_quarantined(
    pool_of_three: Pool, operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    path = f"/api/vms/{vm_id_of('lab-02')}"
    lab.broken = recycling.TRIES - 1
    assert (await operator.post(f"{path}/recycle")).json()["status"] == "recycling"
    await settled(pool_of_three, available=3)
    lab.broken = recycling.TRIES
    assert (await operator.post(f"{path}/recycle")).status_code == 202
    await settled(pool_of_three, available=2, quarantined=1)
    assert (await operator.get(path)).json()["reason"] == "recycling failed: the lab is broken"
    released = await operator.post(f"{path}/release-quarantine")
    assert (released.status_code, released.json()["status"]) == (200, "available")


async def test_a_reaction_that_dies_in_the_middle_is_finished_by_the_next_one(
    inventory_app: FastAPI, pool_of_three: Pool, lab: SshLab[Machine], event_store: EventStore, broker: Client
) -> None:
    """A reaction of our own, under a name of its own, is cut off in each of its stages, and begun anew."""
    parts: Parts = inventory_app.state.parts
    vm_id = vm_id_of("lab-01")
    lab.gate.clear()
    lab.begun.clear()
    sequence = await happened(event_store, vm_id, VmRecycleStarted())
    await lab.begun.wait()
    dying = Reactor(
        broker,
        "inventory",
        "dying",
        [f"hcmp.vm.{vm_id}.recycle-started"],
        recycling.Recycler(parts.machines, parts.imports.providers, parts.resets),
    )
    running = asyncio.create_task(dying.run())

    async def waiting() -> int:
        return len(lab.waiting)

    await eventually(waiting, lambda number: number == 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    lab.gate.set()
    await settled(pool_of_three, available=3)
    again = asyncio.create_task(dying.run())

    async def unacknowledged() -> int:
        info = await broker.jetstream().consumer_info("EVENTS", "inventory-dying")
        return (info.num_ack_pending or 0) + (info.num_pending or 0)

    await eventually(unacknowledged, lambda number: number == 0, seconds=20)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    assert len(lab.recycled) == 1
    history = await event_store.load("vm", vm_id)
    assert [past.event.verb() for past in history if past.sequence >= sequence] == ["recycle-started", "recycled"]


async def test_a_service_that_is_stopped_during_a_recycle_finishes_it_when_it_is_back(
    running: Callable[[], AbstractAsyncContextManager[FastAPI]], lab: SshLab[Machine], event_store: EventStore
) -> None:
    async with running() as app:
        parts: Parts = app.state.parts
        made = await lab.create("lab-01")
        await happened(event_store, vm_id_of("lab-01"), registered(made))
        await settled(parts.pool, available=1)
        lab.gate.clear()
        lab.begun.clear()
        await used_and_given_back(event_store, parts.pool, 1)
        await lab.begun.wait()
    lab.gate.set()
    async with running() as app:
        parts = app.state.parts
        await eventually(
            lambda: pool_queries.counts(parts.pool), lambda seen: seen == {"available": 1}, seconds=30
        )
    assert lab.recycled == ["lab-01"]


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ("key /home/hcmp/.ssh/authorized_keys ssh-ed25519 AAAAmina", "authorized_keys ssh-ed25519 AAAAmina"),
        ("authority /etc/ssh/ca ssh-ed25519 AAAAmina", "authority /etc/ssh/ca ssh-ed25519 AAAAmina"),
        ("user mina", "user mina"),
        ("mark the-former-project", "mark the-former-project"),
        ("file /root/notes", "file /root/notes"),
        ("port 5432", "port 5432"),
        ("process 4711 1000 miner", "process 4711 1000 miner"),
    ],
    ids=["key", "authority", "user", "mark", "file", "port", "process"],
)
@pytest.mark.usefixtures("authorities")
async def test_a_machine_that_comes_back_with_its_former_owners_things_goes_to_nobody(
    pool_of_three: Pool, operator: AsyncClient, lab: SshLab[Machine], answers: Any, left: str, told: str
) -> None:
    answers.on_it.append(left)
    path = f"/api/vms/{vm_id_of('lab-02')}"
    await operator.post(f"{path}/recycle")
    await settled(pool_of_three, available=2, quarantined=1)
    reason = (await operator.get(path)).json()["reason"]
    assert reason.startswith("recycled, but a project's things are still on it: ")
    assert told in reason
    assert lab.recycled == ["lab-02"], "another try would find the same"


@pytest.mark.usefixtures("authorities")
async def test_an_authority_that_the_platform_has_now_is_not_held_against_a_machine_that_came_before(
    pool_of_three: Pool, operator: AsyncClient, answers: Any
) -> None:
    answers.on_it.append(f"authority /etc/ssh/ca {AUTHORITY}")
    await operator.post(f"/api/vms/{vm_id_of('lab-02')}/recycle")
    await settled(pool_of_three, available=3)


async def test_what_a_newer_image_brings_is_not_held_against_a_machine(
    pool_of_three: Pool, operator: AsyncClient, answers: Any
) -> None:
    answers.on_it += ["package newer-agent", "unit /etc/systemd/system/newer-agent.service", "port 9182"]
    await operator.post(f"/api/vms/{vm_id_of('lab-02')}/recycle")
    await settled(pool_of_three, available=3)


async def test_what_an_operator_releases_belongs_on_the_machine_from_then_on(
    pool_of_three: Pool, operator: AsyncClient, answers: Any
) -> None:
    answers.on_it.append("user backup-agent")
    path = f"/api/vms/{vm_id_of('lab-02')}"
    await operator.post(f"{path}/recycle")
    await settled(pool_of_three, available=2, quarantined=1)
    released = await operator.post(f"{path}/release-quarantine")
    assert released.json()["status"] == "available", released.text
    await operator.post(f"{path}/recycle")
    await settled(pool_of_three, available=3)


async def test_a_machine_that_does_not_say_what_is_on_it_is_not_clean(
    pool_of_three: Pool, operator: AsyncClient, answers: Any
) -> None:
    answers.broken = True
    path = f"/api/vms/{vm_id_of('lab-02')}"
    await operator.post(f"{path}/recycle")
    await settled(pool_of_three, available=2, quarantined=1)
    assert (await operator.get(path)).json()["reason"] == "recycling failed: it ended with an error"
