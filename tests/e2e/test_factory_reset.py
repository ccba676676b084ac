"""The factory reset forgets projects, machines and logs; accounts and the record of it stay."""

import asyncio

import pytest

from hcmp_testkit.gateway import Person, sign_in
from hcmp_testkit.installation import Installation

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]


async def test_a_reset_needs_the_word_and_the_password(operator: Person, installation: Installation) -> None:
    wrong_word = await operator.http.post(
        "/api/admin/reset", json={"confirm": "reset", "password": installation.password}
    )
    assert wrong_word.status_code == 422
    wrong_password = await operator.http.post("/api/admin/reset", json={"confirm": "RESET", "password": "not it"})
    assert (wrong_password.status_code, wrong_password.json()["type"]) == (403, "wrong-password")
    assert sum((await operator.pool()).values()) == 6


@pytest.mark.timeout(300)
async def test_a_reset_during_a_run_leaves_nothing_but_the_accounts(
    operator: Person, member: Person, installation: Installation
) -> None:
    accepted = (await member.provision("three-tier")).json()
    answer = await operator.http.post(
        "/api/admin/reset", json={"confirm": "RESET", "password": installation.password}
    )
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(90):
        while sum((await operator.pool()).values()):
            await asyncio.sleep(0.3)
    assert (await member.project(accepted["project_id"]))["status"] == "deleted"
    async with asyncio.timeout(30):
        while not any(
            entry["kind"] == "system.factory-reset-completed"
            for entry in (await operator.get("/api/activity", limit=50))["events"]
        ):
            await asyncio.sleep(0.3)
    again = await sign_in(installation.url, installation.username, installation.password)
    await again.http.aclose()

    imported = await operator.http.post("/api/vms/import", json={"provider": "docker", "count": 6})
    assert imported.status_code == 201, imported.text
    await operator.pool_ready(6)
