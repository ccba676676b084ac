"""Whatever the installation has lived through, its log is whole and its read models follow from it."""

import json

from hcmp_testkit.gateway import Person
from hcmp_testkit.history import eventually
from hcmp_testkit.installation import Installation, hcmp

SERVICES = {"auth", "inventory", "provisioner", "monitor", "terminal"}


async def test_the_log_is_proved_and_read_models_are_rebuilt_while_people_work(
    installation: Installation, operator: Person, full_pool: None
) -> None:
    home = ("--home", installation.home)
    provisioning = await operator.http.post("/api/provision", json={"name": "proved", "template": "single"})
    assert provisioning.status_code == 202, provisioning.text
    hcmp("projections", "rebuild", *home)
    project = await operator.settled(provisioning.json()["project_id"], "completed", "failed")
    assert project["status"] == "completed", "a rebuild meanwhile is in nobody's way"

    async def archived() -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads(hcmp("verify", *home, "--json"))
        return found

    proved = await eventually(archived, lambda found: found["event log"]["behind"] == 0, seconds=30)
    assert {name: answer["first"] for name, answer in proved.items() if answer["first"]} == {}
    assert {name.removeprefix("read model ").split("_v")[0] for name in proved} == {*SERVICES, "event log"}

    await operator.http.delete(f"/api/projects/{project['id']}")
