"""What a factory reset does with machines that were added by hand: they leave clean, or the reset says which did
not.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from uuid import uuid4

import asyncssh
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from hcmp_contracts.cause import Cause
from hcmp_contracts.system import FactoryResetCompleted, UncleanMachine
from hcmp_contracts.vm import VmRegistered, VmReleased, VmReserved, VmRetired
from hcmp_eventstore.store import EventStore
from hcmp_inventory.adapters.project_logs import PurgeableLogs
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.domain.system import PLATFORM as SYSTEM
from hcmp_inventory.handlers.cleaning import CleanUps
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.ports.connections import Login
from hcmp_inventory.projections import pool_queries
from hcmp_inventory.reactors.departures import Departures
from hcmp_inventory.reactors.resetting import Resetting
from hcmp_inventory.settings import InventorySettings
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.requests import requested
from hcmp_testkit.ssh_lab import SshMachine

BASELINE = ["port 22", "user hcmp"]
NAMES = ("cleanable", "silent", "stubborn", "unused", "waiting")


@dataclass
class Site:
    """Machines that somebody added by hand, what is on each, and a clean-up of them that can be held up."""

    machines: dict[str, SshMachine] = field(default_factory=dict)
    on_it: dict[str, list[str]] = field(default_factory=dict)
    cleaned: Counter[str] = field(default_factory=Counter)
    held_up: str = ""

    async def add(self, name: str, key: asyncssh.SSHKey) -> VmRegistered:
        async def says(_: str) -> str:
            return "\n".join([*self.on_it[name], "end"])

        machine = self.machines[name] = SshMachine(authorized_key=key.public_data, says=says)
        self.on_it[name] = list(BASELINE)
        await machine.start()
        return VmRegistered(
            name=name,
            address="127.0.0.1",
            ssh_host="127.0.0.1",
            ssh_port=machine.port,
            ssh_user="hcmp",
            exporter_host="127.0.0.1",
            exporter_port=9100,
            provider="static",
            provider_ref=name,
            host_key=machine.host_key,
            baseline=BASELINE,
        )

    async def clean(self, machine: VmRegistered, login: Login, left: Collection[str]) -> None:
        assert login.machine == machine.name
        assert left == ("user mina",)
        self.cleaned[machine.name] += 1
        if machine.name == self.held_up:
            await asyncio.Event().wait()
        if machine.name != "stubborn":
            self.on_it[machine.name] = list(BASELINE)


@pytest.fixture
async def site(
    platform_key: asyncssh.SSHKey, event_store: EventStore, inventory_app: FastAPI
) -> AsyncIterator[Site]:
    """Five machines, of which four were used and lie where the service, which has no playbooks, left them."""
    site, parts = Site(), inventory_app.state.parts
    for name in NAMES:
        await happened(event_store, vm_id_of(name), await site.add(name, platform_key))
        if name != "unused":
            site.on_it[name].append("user mina")
            used = VmReserved(project_id="shop", owner_id="mina", role="web")
            await happened(event_store, vm_id_of(name), used, VmReleased(project_id="shop", reason="deleted"))
    await eventually(
        lambda: pool_queries.counts(parts.pool), lambda seen: seen == {"quarantined": 4, "available": 1}
    )
    await site.machines["silent"].stop()
    yield site
    for machine in site.machines.values():
        await machine.stop()


async def left(store: EventStore, name: str) -> list[VmRetired]:
    history = await store.load("vm", vm_id_of(name))
    return [past.event for past in history if isinstance(past.event, VmRetired)]


async def test_used_machines_leave_clean_or_are_told_even_if_the_reset_is_killed_in_between(
    site: Site,
    operator: AsyncClient,
    inventory_app: FastAPI,
    event_store: EventStore,
    inventory_settings: InventorySettings,
) -> None:
    parts: Parts = inventory_app.state.parts
    await kept_waiting(event_store)
    order = {"confirm": "RESET", "password": "the operator's password"}
    assert (await operator.post("/api/admin/reset", json=order)).status_code == 202
    [begun] = await event_store.load("system", SYSTEM)
    password = inventory_settings.reset_nats_password.get_secret_value()
    reset = Resetting(
        event_store,
        parts.pool,
        parts.projector,
        parts.imports.providers,
        parts.imports.exclusive,
        PurgeableLogs(inventory_settings.nats_url, user=inventory_settings.reset_nats_user, password=password),
        parts.resets,
        parts.policies,
        Departures(parts.pool, CleanUps(parts.machines, site), pause=0.0),
        patience=0.3,
    )
    site.held_up = "waiting"
    killed = asyncio.create_task(reset(begun))

    async def gone() -> set[str]:
        return {name for name in NAMES if await left(event_store, name)}

    await eventually(gone, lambda names: names == {"cleanable", "silent", "stubborn"}, seconds=20)
    assert site.cleaned["waiting"] == 1
    killed.cancel()
    await asyncio.wait([killed])

    site.held_up = ""
    await reset(begun)
    assert site.cleaned == {"cleanable": 1, "stubborn": 1, "waiting": 2}, "none twice, and the unused one never"
    [ended] = [
        past.event
        for past in await event_store.load("system", SYSTEM)
        if isinstance(past.event, FactoryResetCompleted)
    ]
    assert (ended.machines, ended.unclean_machines) == (5, 2)
    reasons = {machine.name: machine.reason for machine in ended.unclean}
    assert list(reasons) == ["silent", "stubborn"]
    assert "does not answer as an SSH server" in reasons["silent"]
    assert reasons["stubborn"] == "recycled, but a project's things are still on it: user mina"
    causes = [Cause.of("left-unclean"), Cause.of("things-left", said="user mina")]
    assert UncleanMachine(name="stubborn", reason=reasons["stubborn"], causes=causes) in ended.unclean
    assert await pool_queries.counts(parts.pool) == {}
    retired = (await operator.get("/api/vms", params={"status": "retired"})).json()["vms"]
    told = {vm["name"]: [cause["slug"] for cause in vm["causes"]] for vm in retired}
    assert (told["silent"], told["unused"]) == (["left-unclean", "connection-refused"], ["factory-reset"])
    assert {vm["name"]: vm["reason"] for vm in retired} == {
        "cleanable": "factory reset",
        "silent": f"factory reset; not cleaned: {reasons['silent']}",
        "stubborn": f"factory reset; not cleaned: {reasons['stubborn']}",
        "unused": "factory reset",
        "waiting": "factory reset",
    }


async def kept_waiting(store: EventStore) -> None:
    """A project for which nobody has machines, so that the service's own reset is still waiting for its end."""
    project = str(uuid4())
    await happened(store, project, requested(2))
