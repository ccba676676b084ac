"""What the sweeps see: machines that are not fit for a project, and what others change behind the platform's
back."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from hcmp_contracts.cause import Cause
from hcmp_contracts.project import ProjectRequested, RoleCount
from hcmp_contracts.vm import VmDrifted, VmHostKeyChanged, VmRecycleStarted, VmRetired
from hcmp_eventstore.reader import last_sequence
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import EVENTS
from hcmp_inventory.api.parts import Parts
from hcmp_inventory.domain.vitals import Limits
from hcmp_inventory.handlers.drift import Drifts
from hcmp_inventory.handlers.health import Health
from hcmp_inventory.handlers.machines import vm_id_of
from hcmp_inventory.ports.provider import Machine, ProviderError
from hcmp_inventory.projections import pool_queries
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.ssh_lab import SshLab

CONTEXT = Context(actor="service/inventory", correlation_id="sweep")
PATHS = {name: f"/api/vms/{vm_id_of(name)}" for name in ("lab-01", "lab-02", "lab-03")}


class Watch:
    """The two sweeps, when the test wants them."""

    def __init__(self, app: FastAPI) -> None:
        parts: Parts = app.state.parts
        self.parts = parts
        self._health = Health(parts.machines, parts.machines.prober, parts.pool, Limits(), again=0.0)
        self._drift = Drifts(parts.machines, parts.pool, parts.imports.providers, again=0.0)

    async def health(self) -> int:
        return await self._seen(await self._health.sweep(CONTEXT))

    async def drift(self) -> int:
        return await self._seen(await self._drift.sweep(CONTEXT))

    async def _seen(self, machines: int) -> int:
        client = self.parts.machines.store.client
        await self.parts.projector.wait_for(await last_sequence(client, stream=EVENTS, subjects=["hcmp.vm.>"]))
        return machines


@pytest.fixture
async def watch(operator: AsyncClient, inventory_app: FastAPI) -> Watch:
    answer = await operator.post("/api/vms/import", json={"provider": "docker", "count": 3})
    assert answer.status_code == 201, answer.text
    return Watch(inventory_app)


async def given_to_a_project(watch: Watch, store: EventStore) -> str:
    """All three machines are a project's; its id."""
    project = str(uuid4())
    requested = ProjectRequested(
        name="shop",
        owner_id="mina",
        owner_username="mina",
        template="single",
        packages=[],
        roles=[RoleCount(name="web", count=3)],
        steps=[],
    )
    await happened(store, project, requested)
    await eventually(lambda: pool_queries.counts(watch.parts.pool), lambda seen: seen == {"provisioning": 3})
    return project


async def shown(operator: AsyncClient, name: str = "lab-01") -> dict[str, Any]:
    machine: dict[str, Any] = (await operator.get(PATHS[name])).json()
    return machine


async def test_machines_that_are_well_are_left_as_they_are(
    watch: Watch, operator: AsyncClient, event_store: EventStore
) -> None:
    assert (await watch.health(), await watch.drift()) == (3, 3)
    for name in PATHS:
        assert [past.event.verb() for past in await event_store.load("vm", vm_id_of(name))] == ["registered"]
        assert (await shown(operator, name))["drift"] == []


@pytest.mark.parametrize(
    ("ill", "reason"),
    [
        ({"free_kib": 100 * 1024}, ("its disk is full: 100 MiB are free, 1024 MiB are needed", "disk-full")),
        ({"clock": 300.0}, ("its clock is 300 s ahead", "clock-ahead")),
        ({"clock": -90.0}, ("its clock is 90 s behind", "clock-behind")),
        ({"broken": True}, ("it ended with an error", "command-ended")),
    ],
    ids=["full", "ahead", "behind", "broken"],
)
async def test_a_machine_that_is_not_well_is_quarantined_with_the_reason_until_an_operator_releases_it(
    watch: Watch,
    operator: AsyncClient,
    lab: SshLab[Machine],
    answers: Any,
    ill: dict[str, Any],
    reason: tuple[str, str],
) -> None:
    lab.machines["lab-01"].says = type(answers)(**ill)
    await watch.health()
    seen = await shown(operator)
    assert seen["status"] == "quarantined"
    assert (seen["reason"], seen["causes"][0]["slug"]) == reason
    pool = (await operator.get("/api/pool", params={"at": seen["changed_at"]})).json()["vms"]
    assert [vm["causes"] for vm in pool] == [seen["causes"], [], []]
    lab.machines["lab-01"].says = answers
    await watch.health()
    assert (await shown(operator))["status"] == "quarantined"
    released = await operator.post(f"{PATHS['lab-01']}/release-quarantine")
    assert released.json()["status"] == "available", released.text


async def test_a_machine_that_stumbles_once_is_not_judged(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine], answers: Any
) -> None:
    stumbles = [None]

    async def once(command: str) -> str | None:
        return stumbles.pop() if stumbles else await answers(command)

    lab.machines["lab-01"].says = once
    await watch.health()
    assert (await shown(operator))["status"] == "available"
    assert stumbles == []


async def test_a_machine_that_was_only_out_of_reach_comes_back_by_itself(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    await lab.machines["lab-01"].stop()
    await watch.health()
    seen = await shown(operator)
    assert seen["status"] == "quarantined"
    assert "does not answer as an SSH server" in seen["reason"]
    await watch.health()
    assert (await shown(operator))["changed_at"] == seen["changed_at"], "told once"
    await lab.machines["lab-01"].start(same_key=True)
    await watch.health()
    assert (await shown(operator))["status"] == "available"


async def test_a_machine_that_comes_back_with_another_host_key_stays_away(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    pinned = lab.machines["lab-01"].host_key
    await lab.machines["lab-01"].stop()
    await watch.health()
    await lab.machines["lab-01"].start()
    await watch.health()
    seen = await shown(operator)
    assert (seen["status"], seen["reason"]) == ("quarantined", "its SSH host key is not the pinned one")
    [drift] = seen["drift"]
    assert (drift["what"], drift["before"], drift["after"]) == (
        "host-key",
        pinned,
        lab.machines["lab-01"].host_key,
    )
    assert datetime.fromisoformat(drift["at"]) <= datetime.fromisoformat(seen["changed_at"])
    await watch.health()
    assert (await shown(operator))["status"] == "quarantined"


async def test_a_projects_machine_is_never_taken_from_it_for_what_was_seen(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine], answers: Any, event_store: EventStore
) -> None:
    await given_to_a_project(watch, event_store)
    answers.free_kib = 0
    await lab.machines["lab-01"].remake()
    await lab.machines["lab-02"].stop()
    for _ in range(2):
        await watch.health()
    assert {name: (await shown(operator, name))["status"] for name in PATHS} == dict.fromkeys(
        PATHS, "provisioning"
    )
    history = [past.event for past in await event_store.load("vm", vm_id_of("lab-01"))]
    assert sum(isinstance(event, VmHostKeyChanged) for event in history) == 1, "told once, not every minute"
    assert [change["what"] for change in (await shown(operator))["drift"]] == ["host-key"]


async def test_what_others_change_is_an_event_and_shown_until_it_is_undone(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine], event_store: EventStore
) -> None:
    lab.power["lab-01"] = "off"
    for _ in range(2):
        await watch.drift()
    off = VmDrifted(what="power", before="on", after="off")
    [_, told] = await event_store.load("vm", vm_id_of("lab-01"))
    assert told.event == off
    [change] = (await shown(operator))["drift"]
    assert (change["what"], change["before"], change["after"]) == ("power", "on", "off")
    assert datetime.fromisoformat(change["at"]) == told.envelope.time
    cells = (await operator.get("/api/pool")).json()["vms"]
    assert [cell["drift"] for cell in cells if cell["drift"]] == [[change]]
    before = (await operator.get("/api/pool", params={"at": "2020-01-01T00:00:00Z"})).json()["vms"]
    assert before == []
    lab.power["lab-01"] = "on"
    await watch.drift()
    assert (await shown(operator))["drift"] == []


async def test_drift_ends_when_the_machine_is_made_anew(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    lab.power["lab-01"] = "off"
    await watch.drift()
    assert (await shown(operator))["drift"]
    await operator.post(f"{PATHS['lab-01']}/recycle")
    counts = lambda: pool_queries.counts(watch.parts.pool)  # noqa: E731
    await eventually(counts, lambda seen: seen == {"available": 3})
    assert (await shown(operator))["drift"] == []


async def test_a_host_key_that_changed_under_a_ready_machine_quarantines_it(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    await lab.machines["lab-01"].remake()
    await watch.drift()
    seen = await shown(operator)
    assert (seen["status"], [change["what"] for change in seen["drift"]]) == ("quarantined", ["host-key"])


async def test_a_machine_that_was_deleted_outside_is_retired_and_says_whose_it_was(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine], event_store: EventStore
) -> None:
    project = await given_to_a_project(watch, event_store)
    await lab.destroy("lab/lab-02")
    await watch.drift()
    history = await event_store.load("vm", vm_id_of("lab-02"))
    assert history[-1].event == VmRetired(
        reason="deleted in its provider (docker)",
        name="lab-02",
        project_id=project,
        causes=[Cause.of("deleted-outside", provider="docker")],
    )
    assert (await shown(operator, "lab-02"))["status"] == "retired"
    assert (await shown(operator, "lab-01"))["status"] == "provisioning"


async def test_a_machine_that_is_being_made_anew_is_not_missed(
    watch: Watch, lab: SshLab[Machine], event_store: EventStore
) -> None:
    lab.gate.clear()
    await happened(event_store, vm_id_of("lab-01"), VmRecycleStarted())
    await eventually(lambda: pool_queries.counts(watch.parts.pool), lambda seen: seen.get("recycling") == 1)
    machine = lab.machines.pop("lab-01")
    await watch.drift()
    lab.machines["lab-01"] = machine
    lab.gate.set()
    await eventually(lambda: pool_queries.counts(watch.parts.pool), lambda seen: seen == {"available": 3})


async def test_a_provider_that_cannot_be_reached_says_nothing_about_its_machines(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silence(_: SshLab[Machine]) -> list[Machine]:
        raise ProviderError("no route to it")

    monkeypatch.setattr(SshLab, "discover", silence)
    assert await watch.drift() == 0
    assert (await operator.get("/api/pool")).json()["counts"]["available"] == 3


async def test_a_provider_that_lost_many_machines_at_once_is_not_believed(
    watch: Watch, operator: AsyncClient, lab: SshLab[Machine]
) -> None:
    await operator.post("/api/vms/import", json={"provider": "docker", "count": 10})
    there, lab.machines = lab.machines, {}
    await watch.drift()
    vms = (await operator.get("/api/vms")).json()["vms"]
    assert [change["after"] for vm in vms for change in vm["drift"]] == ["missing"] * 13
    lab.machines = there
    await watch.drift()
    vms = (await operator.get("/api/vms")).json()["vms"]
    assert [(vm["status"], vm["drift"]) for vm in vms] == [("available", [])] * 13
