"""Whatever the installation has lived through, its log is whole and its read models follow from it."""

import asyncio
import json

from hcmp_testkit.gateway import Person
from hcmp_testkit.installation import Installation, hcmp

SERVICES = {"auth", "inventory", "provisioner", "monitor", "terminal"}


async def test_read_models_are_rebuilt_while_people_work_and_the_log_is_proved(
    installation: Installation, operator: Person, member: Person
) -> None:
    home = ("--home", installation.home)
    account = f"/api/admin/accounts/{member.account['id']}"
    rebuilding = asyncio.create_task(asyncio.to_thread(hcmp, "projections", "rebuild", *home))
    quota = 0
    while not rebuilding.done() or quota < 3:
        quota += 1
        changed = await operator.http.patch(account, json={"machine_quota": quota})
        assert changed.status_code == 200, changed.text
        seen = await member.get("/api/me")
        assert seen["machine_quota"] == quota, "what was written is read, whichever tables are live"
    await rebuilding

    proved = json.loads(await asyncio.to_thread(hcmp, "verify", *home, "--json"))
    assert {name: answer["first"] for name, answer in proved.items() if answer["first"]} == {}
    assert proved["event log"]["events"] > quota
    assert {name.removeprefix("read model ").split("_v")[0] for name in proved} == {*SERVICES, "event log"}
