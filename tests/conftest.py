"""One installation for all end-to-end tests: six lab machines behind a real gateway."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hcmp_testkit.gateway import Person, sign_in
from hcmp_testkit.installation import Installation, bring_up, remove

MACHINES = 6
ENDED = ("completed", "failed", "cancelled", "rejected", "deleted")
# A failed project gives its machines back soon, and what others change is found soon: the tests do not wait. A
# reset is tried under a load of eight runs.
SETTINGS = "HCMP_FAILED_HOLD_SECONDS=5\nHCMP_DRIFT_SECONDS=3\nHCMP_WORKER_SLOTS=8\n"
MEMBER_PASSWORD = "a long enough password"


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """Brought up for the run and removed afterwards, unless HCMP_TEST_HOME names one that is to be kept."""
    kept = os.environ.get("HCMP_TEST_HOME")
    home = Path(kept) if kept else Path(tempfile.mkdtemp(prefix="hcmp-e2e-"))
    try:
        (home / "settings.env").write_text(SETTINGS)
        yield bring_up(home)
    finally:
        if not kept:
            remove(home)
            shutil.rmtree(home)


@pytest.fixture(scope="session")
async def operator(installation: Installation) -> AsyncIterator[Person]:
    person = await sign_in(installation.url, installation.username, installation.password)
    yield person
    await person.http.aclose()


async def new_member(operator: Person) -> Person:
    """Register somebody and approve them."""
    username = f"member-{uuid4().hex[:8]}"
    answer = await operator.http.post(
        "/api/register",
        json={
            "username": username,
            "password": MEMBER_PASSWORD,
            "full_name": "Mina Kim",
            "email": f"{username}@example.org",
        },
    )
    assert answer.status_code == 201, answer.text
    approved = await operator.http.post(f"/api/admin/accounts/{answer.json()['id']}/approve")
    assert approved.status_code == 200, approved.text
    return await sign_in(operator.url, username, MEMBER_PASSWORD)


@pytest.fixture
async def member(operator: Person) -> AsyncIterator[Person]:
    person = await new_member(operator)
    yield person
    await person.http.aclose()


@pytest.fixture
async def stranger(operator: Person) -> AsyncIterator[Person]:
    person = await new_member(operator)
    yield person
    await person.http.aclose()


@pytest.fixture
async def full_pool(operator: Person) -> None:
    """Six machines are free: what an earlier test used is given back, what it destroyed is made anew, and what it
    left over goes.
    """
    for project in (await operator.get("/api/projects", limit=200))["projects"]:
        if project["status"] in ("requested", "configuring"):
            await operator.http.post(f"/api/projects/{project['id']}/cancel")
            await operator.settled(project["id"], *ENDED)
        elif project["status"] == "completed":
            await operator.http.delete(f"/api/projects/{project['id']}")
    standing = sum((await operator.pool()).values())
    if missing := max(0, MACHINES - standing):
        imported = await operator.http.post("/api/vms/import", json={"provider": "docker", "count": missing})
        assert imported.status_code == 201, imported.text
    await operator.pool_ready(max(MACHINES, standing))
    for surplus in (await operator.get("/api/vms"))["vms"][MACHINES:]:
        await operator.http.delete(f"/api/vms/{surplus['id']}")
