"""Process by moment: whatever is killed, and when, what was accepted is finished; nothing is lost or done twice.

A cell of the first table kills a process itself, just before or after it stores, acknowledges or projects a fact;
a cell of the second kills a server, or another process, at a moment of a run. `make faults` tries all of them,
every other run a sample that is always the same.
"""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from hcmp_testkit.ambushed import AmbushedInstallation
from hcmp_testkit.gateway import Person, sign_in
from hcmp_testkit.matrix import cell_id
from hcmp_testkit.moments import Ambush, Point
from hcmp_testkit.persistent import Persistent
from hcmp_testkit.quick import QUICK, STEPS
from hcmp_testkit.whole_log import machines, violations

pytestmark = [
    pytest.mark.installation,
    pytest.mark.matrix,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("full_pool"),
]

ENDED = ("completed", "failed", "cancelled", "rejected", "deleted")
PASSWORD = "a long enough password"
MACHINES = 6


@dataclass(frozen=True)
class Row:
    """A fact that a process stores, the consumer and event whose acknowledgement follows it, and whether its rows
    are committed there.
    """

    process: str
    fact: str
    acknowledges: str = ""
    stores: bool = True
    projects: bool = False

    @property
    def cells(self) -> list[tuple[Point, str]]:
        cells: list[tuple[Point, str]] = []
        if self.stores:
            cells += [("before append", self.fact), ("after append", self.fact)]
        if self.acknowledges:
            cells += [("before ack", self.acknowledges), ("after ack", self.acknowledges)]
        if self.projects:
            cells += [("before commit", self.fact), ("after commit", self.fact)]
        return cells


ROWS = (
    Row("auth", "account.registered", projects=True),
    Row("auth", "account.approved", projects=True),
    Row("provisioner", "project.requested", "provisioner-lease-set project.requested", projects=True),
    Row("provisioner", "quota.run-ended", "provisioner-quotas project.provisioned"),
    Row("provisioner", "project.teardown-started", projects=True),
    Row("inventory", "allocation.granted", "inventory-granting project.requested"),
    Row("inventory", "vm.assigned", "inventory-outcomes project.provisioned", projects=True),
    Row("inventory", "vm.released", "inventory-outcomes project.deleted", projects=True),
    Row("inventory", "vm.recycle-started", "inventory-recycling vm.released"),
    Row("inventory", "vm.recycled", "inventory-recycling vm.recycle-started", projects=True),
    Row("inventory", "vm.maintenance-started", projects=True),
    Row("worker", "project.provisioning-started"),
    Row("worker", "project.step-started"),
    Row("worker", "project.step-succeeded"),
    Row("worker", "project.provisioned", "provisioner-worker allocation.granted"),
    Row("worker", "project.deleted", "provisioner-teardown project.teardown-started"),
    Row("monitor", "project.provisioned", stores=False, projects=True),
    Row("terminal", "vm.assigned", stores=False, projects=True),
)


@dataclass(frozen=True)
class Cell:
    """Kill `victim`, or the process itself, when `process` comes to the point with the fact for the nth time."""

    process: str
    point: Point
    what: str
    victim: str = ""
    nth: int = 1


CELLS = {
    cell_id(f"{row.process} {row.fact}", point): Cell(row.process, point, what)
    for row in ROWS
    for point, what in row.cells
}
MOMENTS = {
    "before the grant": Cell("inventory", "before append", "allocation.granted"),
    "inside a step": Cell("worker", "after append", "project.step-started", nth=2),
    "between a step's end and its event": Cell("worker", "before append", "project.step-succeeded"),
    "at the end": Cell("worker", "before append", "project.provisioned"),
}
SERVERS = ("nats", "postgres", "gateway")
SERVICES = ("auth", "inventory", "provisioner", "worker", "monitor", "terminal")
VICTIMS = {
    cell_id(victim, moment): Cell(cell.process, cell.point, cell.what, victim, cell.nth)
    for victim in (*SERVERS, *SERVICES)
    for moment, cell in MOMENTS.items()
}
SEED = 3


def sampled() -> set[str]:
    """One cell of every process and of every server, the same in every run."""
    drawing = random.Random(SEED)
    rows = [[name for name in CELLS if name.startswith(f"{process} ")] for process in SERVICES]
    rows += [[name for name in VICTIMS if name.startswith(server)] for server in SERVERS]
    return {drawing.choice(row) for row in rows}


SAMPLED = sampled()


def tried(cells: dict[str, Cell]) -> list[Any]:
    """Every cell; those outside the sample are the long form."""
    return [
        pytest.param(cell, id=name, marks=[] if name in SAMPLED else [pytest.mark.long])
        for name, cell in cells.items()
    ]


@dataclass
class Visit:
    """A member's project from its request to machines that are made new, through whatever happens."""

    installation: AmbushedInstallation
    operator: Persistent
    member: Persistent
    key: str

    async def request(self) -> str:
        """The project's id, whose request was accepted."""
        body = {"name": self.key, "template": QUICK, "packages": []}
        answer = await self.member.ask("POST", "/api/provision", body, **{"Idempotency-Key": self.key})
        assert answer.status_code == 202, answer.text
        project_id: str = answer.json()["project_id"]
        return project_id

    async def completed(self, project_id: str) -> dict[str, Any]:
        project: dict[str, Any] = await self.member.until(
            f"/api/projects/{project_id}", lambda seen: seen["status"] in ENDED
        )
        assert project["status"] == "completed", project["failure"]
        assert [step["status"] for step in project["steps"]] == ["succeeded"] * len(STEPS)
        assert len(project["vms"]) == 1
        return project

    async def log_is_whole(self, project_id: str) -> None:
        frames = await self.member.person.log_frames(project_id)
        assert frames[-1] == {"type": "end", "status": "completed"}
        numbered = [frame["seq"] for frame in frames if frame["type"] != "end"]
        assert numbered == list(range(1, len(numbered) + 1))

    async def delete(self, project_id: str) -> None:
        answer = await self.member.ask("DELETE", f"/api/projects/{project_id}")
        assert answer.status_code in (202, 409), answer.text  # 409: it was taken down already
        await self.member.until(f"/api/projects/{project_id}", lambda seen: seen["status"] == "deleted")

    async def maintain_a_machine(self) -> None:
        page = await self.operator.until("/api/vms?status=available", lambda seen: len(seen["vms"]) > 0)
        vm_id = page["vms"][0]["id"]
        for order, body, status in (
            ("maintenance", {"reason": "a look at it"}, "maintenance"),
            ("return", None, "available"),
        ):
            answer = await self.operator.ask("POST", f"/api/vms/{vm_id}/{order}", body)
            assert answer.status_code in (200, 409), answer.text  # 409: it was done already
            assert (await self.operator.person.get(f"/api/vms/{vm_id}"))["status"] == status

    async def nothing_is_lost(self) -> None:
        """What must hold of the whole installation."""
        pool = await self.operator.until("/api/pool", lambda seen: seen["counts"]["available"] == MACHINES)
        assert sum(pool["counts"].values()) == MACHINES
        log = await self.installation.log()
        assert violations(log) == []
        assert machines(log) == MACHINES
        unfinished = [
            project["id"]
            for project in (await self.operator.person.get("/api/projects", limit=200))["projects"]
            if project["status"] not in ENDED
        ]
        assert unfinished == []


@pytest.fixture
async def visit(installation: AmbushedInstallation, operator: Person) -> AsyncIterator[Visit]:
    """By somebody new, whom an operator approved, although either may take several tries."""
    await installation.ready()
    approving = Persistent(await sign_in(installation.url, installation.username, installation.password))
    visiting = Visit(installation, approving, approving, f"visit-{uuid4().hex[:8]}")
    yield visiting
    await approving.person.http.aclose()
    if visiting.member is not approving:
        await visiting.member.person.http.aclose()


async def join(visit: Visit) -> None:
    """Register, be approved and sign in."""
    form = {"username": visit.key, "password": PASSWORD, "full_name": "Mina Kim", "email": "mina@example.org"}
    key = {"Idempotency-Key": visit.key}
    registered = await visit.operator.ask("POST", "/api/register", form, **key)
    assert registered.status_code == 201, registered.text
    account_id = registered.json()["id"]
    approved = await visit.operator.ask("POST", f"/api/admin/accounts/{account_id}/approve")
    assert approved.status_code == 200, approved.text
    again = await visit.operator.ask("POST", "/api/register", form, **key)
    assert again.json()["id"] == account_id
    await visit.installation.ready()
    visit.member = Persistent(await sign_in(visit.installation.url, visit.key, PASSWORD))


async def go_through(visit: Visit, cell: Cell) -> None:
    """The whole visit, with the ambush laid first."""
    victim = visit.installation.process(cell.victim) if cell.victim else 0
    ambush = Ambush(point=cell.point, what=cell.what, nth=cell.nth, victim=victim)
    visit.installation.moments.lay(cell.process, ambush)
    try:
        await join(visit)
        project_id = await visit.request()
        await visit.completed(project_id)
        assert await visit.request() == project_id, "the same request again is the same project"
        await visit.maintain_a_machine()
        await visit.log_is_whole(project_id)
        await visit.delete(project_id)
        await visit.nothing_is_lost()
        assert await visit.installation.moments.sprung(cell.process, seconds=5), "the moment never came"
        await visit.installation.ready()
    finally:
        visit.installation.moments.lift(cell.process)


@pytest.mark.parametrize("cell", tried(CELLS))
async def test_a_process_that_is_killed_at_a_fact_loses_nothing(visit: Visit, cell: Cell) -> None:
    await go_through(visit, cell)


@pytest.mark.parametrize("cell", tried(VICTIMS))
async def test_whatever_is_killed_during_a_run_loses_nothing(visit: Visit, cell: Cell) -> None:
    await go_through(visit, cell)
