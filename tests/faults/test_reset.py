"""A factory reset whose service is killed half-way goes on by itself, on the real stack with real machines."""

from collections import Counter

import httpx
import pytest

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.system import FactoryResetCompleted, FactoryResetRequested
from hcmp_testkit.ambushed import AmbushedInstallation
from hcmp_testkit.gateway import Person
from hcmp_testkit.history import eventually
from hcmp_testkit.moments import Ambush, Point
from hcmp_testkit.persistent import Persistent
from hcmp_testkit.quick import QUICK
from hcmp_testkit.whole_log import machines, violations

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool"), pytest.mark.timeout(300)]

MACHINES = 6


@pytest.mark.parametrize(
    ("point", "what"),
    [
        pytest.param("after append", "system.factory-reset-requested", id="accepted", marks=pytest.mark.long),
        pytest.param("after append", "vm.retired", id="machines gone"),
        pytest.param("before append", "system.factory-reset-completed", id="done", marks=pytest.mark.long),
    ],
)
async def test_a_reset_that_is_killed_half_way_goes_on_by_itself(
    installation: AmbushedInstallation, member: Person, operator: Person, point: Point, what: str
) -> None:
    before = await resets(installation)
    project_id = (await member.provision(QUICK)).json()["project_id"]
    installation.moments.lay("inventory", Ambush(point=point, what=what))
    await ask_for_a_reset(operator, installation)
    assert await installation.moments.sprung("inventory", seconds=120)

    asking = Persistent(operator)
    await asking.until("/api/pool", lambda seen: sum(seen["counts"].values()) == 0)
    await Persistent(member).until(f"/api/projects/{project_id}", lambda seen: seen["status"] == "deleted")
    await eventually(lambda: resets(installation), lambda seen: seen.total() == before.total() + 2, seconds=60)
    assert await resets(installation) - before == Counter([FactoryResetRequested, FactoryResetCompleted])

    await installation.ready()
    imported = await asking.ask("POST", "/api/vms/import", {"provider": "docker", "count": MACHINES})
    assert imported.status_code == 201, imported.text
    await operator.pool_ready(MACHINES)
    log = await installation.log()
    assert violations(log) == []
    assert machines(log) == MACHINES


async def ask_for_a_reset(operator: Person, installation: AmbushedInstallation) -> None:
    """Once: whether it was accepted is seen, when the answer is lost."""
    order = {"confirm": "RESET", "password": installation.password}
    try:
        answer = await operator.http.post("/api/admin/reset", json=order)
    except httpx.TransportError:
        return
    assert answer.status_code in (202, 502, 503), answer.text


async def resets(installation: AmbushedInstallation) -> Counter[type[DomainEvent]]:
    """How many were asked for and how many are over, by the log."""
    kinds = Counter(type(recorded.event) for recorded in await installation.log())
    return Counter({kind: kinds[kind] for kind in (FactoryResetRequested, FactoryResetCompleted)})
