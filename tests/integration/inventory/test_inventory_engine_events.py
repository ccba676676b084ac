"""What somebody does to a lab machine on its engine is known because the engine tells it: no sweep is due here for
an hour.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from uuid import uuid4

import asyncssh
import docker
import pytest
from docker import DockerClient
from fastapi import FastAPI
from httpx import AsyncClient

from hcmp_cli.lab import ensure_engine, ensure_images, remove_all
from hcmp_contracts.cause import Cause
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import ProjectDeleted
from hcmp_contracts.vm import VmDrifted, VmRetired
from hcmp_eventstore.store import EventStore
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.requests import requested

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]


@pytest.fixture
async def lab(
    platform_key: asyncssh.SSHKey, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DockerProvider]:
    await asyncio.to_thread(ensure_engine, print, tmp_path_factory.mktemp("engine"))
    image = (await asyncio.to_thread(ensure_images, print)).lab
    installation, public = f"test-{secrets.token_hex(4)}", platform_key.export_public_key().decode().strip()
    provider = DockerProvider(installation=installation, image=image, authorized_key=public)
    yield provider
    await provider.close()
    await asyncio.to_thread(remove_all, installation)


@pytest.fixture
def inventory_settings(inventory_settings: InventorySettings) -> InventorySettings:
    return inventory_settings.model_copy(update={"drift_seconds": 3600.0})


@pytest.fixture
def engine() -> Iterator[DockerClient]:
    with closing(docker.from_env()) as client:
        yield client


async def test_what_happens_on_the_engine_is_drift_and_what_the_platform_does_itself_is_none(
    operator: AsyncClient,
    inventory_app: FastAPI,
    lab: DockerProvider,
    engine: DockerClient,
    event_store: EventStore,
) -> None:
    parts: Parts = inventory_app.state.parts
    imported = await operator.post("/api/vms/import", json={"provider": "docker", "count": 2})
    assert imported.status_code == 201, imported.text
    project = str(uuid4())
    await happened(event_store, project, requested(2))
    await eventually(lambda: pool_queries.counts(parts.pool), lambda seen: seen == {"provisioning": 2})
    machines = {machine.name: machine for machine in await lab.discover()}
    first, second = (engine.containers.get(machines[name].provider_ref) for name in ("lab-01", "lab-02"))

    async def told(name: str) -> list[DomainEvent]:
        history = await event_store.load("vm", vm_id_of(name))
        return [past.event for past in history if isinstance(past.event, VmDrifted | VmRetired)]

    drifts: list[DomainEvent] = []
    for act, before, after in (
        (first.kill, "on", "off"),
        (first.start, "off", "on"),
        (first.pause, "on", "off"),
        (first.unpause, "off", "on"),
    ):
        await asyncio.to_thread(act)
        drifts.append(VmDrifted(what="power", before=before, after=after))
        await eventually(lambda: told("lab-01"), drifts.__eq__, seconds=20)

    [network] = engine.networks.list(names=[f"hcmp-{first.labels['hcmp.installation']}"])
    address = machines["lab-01"].address
    elsewhere = address.rpartition(".")[0] + ".250"
    await asyncio.to_thread(network.disconnect, first)
    await asyncio.to_thread(network.connect, first, ipv4_address=elsewhere)
    drifts.append(VmDrifted(what="address", before=address, after=elsewhere))
    assert await eventually(lambda: told("lab-01"), lambda events: len(events) > 4, seconds=20) == drifts

    await asyncio.to_thread(second.remove, force=True)
    [gone] = await eventually(lambda: told("lab-02"), bool, seconds=20)
    causes = [Cause.of("deleted-outside", provider="docker")]
    assert gone == VmRetired(
        reason="deleted in its provider (docker)", name="lab-02", project_id=project, causes=causes
    )

    await happened(event_store, project, ProjectDeleted())  # and the machine is made anew
    await eventually(lambda: pool_queries.counts(parts.pool), lambda seen: seen == {"available": 1}, seconds=30)
    assert (await operator.delete(f"/api/vms/{vm_id_of('lab-01')}")).status_code == 204

    async def containers() -> int:
        return len(await lab.discover())

    await eventually(containers, lambda left: left == 0, seconds=20)
    await asyncio.sleep(1.5)  # as long as a sweep that was woken by it would take
    assert [event for event in await told("lab-01") if isinstance(event, VmDrifted)] == drifts
    assert [event.reason for event in await told("lab-01") if isinstance(event, VmRetired)] == [
        "retired by an operator"
    ]
