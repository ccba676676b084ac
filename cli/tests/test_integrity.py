"""`hcmp verify` and `hcmp projections`, over services whose answers are made up here."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hcmp_cli import home, integrity
from hcmp_cli.errors import LauncherError
from hcmp_cli.installation import open_home
from hcmp_cli.main import app
from hcmp_cli.services import Part

run = CliRunner().invoke

WHOLE = {"events": 81, "sequence": 81, "hash": "ab" * 32, "behind": 2, "differences": 0, "first": None}
LIVE = {
    "schema": "x_v3",
    "version": 3,
    "state": "live",
    "checkpoint": 81,
    "behind": 0,
    "used": True,
    "can_go": False,
}


def same(part: Part) -> dict[str, Any]:
    schema = f"{part.name}_v1"
    return {"schema": schema, "checkpoint": 81, "tables": 2, "rows": 9, "differences": 0, "first": None}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What each service answers instead of what it would."""
    home.create(tmp_path)
    instead: dict[str, Any] = {}

    def ask(_: object, part: Part, module: str, *arguments: str) -> Any:
        task = arguments[0] if arguments else "prove"
        assert module == (f"{part.module}.verify" if task == "prove" else f"{part.module}.read_model")
        if part.name in instead:
            return instead[part.name]
        return {"prove": WHOLE, "verify": same(part), "status": [LIVE], "prune": [], "rebuild": {}}[task]

    monkeypatch.setattr(integrity, "_ask", ask)
    monkeypatch.setattr(integrity, "_require_servers", lambda _: None)
    return instead


def test_all_is_as_it_should_be(answers: dict[str, Any], tmp_path: Path) -> None:
    answer = run(app, ["verify", "--home", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert answer.output.count("as it should be") == 6
    assert "abababababababab" in answer.output


def test_what_differs_is_said_in_a_sentence_and_ends_with_3(answers: dict[str, Any], tmp_path: Path) -> None:
    row = 'vm {"vm_id": "[7]"} differs from what follows from the log in status'
    answers["inventory"] = {**same(integrity.KEEPERS["inventory"]), "differences": 3, "first": row}
    answer = run(app, ["verify", "--home", str(tmp_path)])
    assert answer.exit_code == 3
    assert f"read model inventory_v1: {row} (and 2 more)." in answer.output
    as_json = run(app, ["verify", "--json", "--home", str(tmp_path)])
    assert as_json.exit_code == 3
    assert json.loads(as_json.output)["read model inventory_v1"]["first"] == row


def test_schemas_are_shown_and_told_to_programs(answers: dict[str, Any], tmp_path: Path) -> None:
    assert "live" in run(app, ["projections", "status", "--home", str(tmp_path)]).output
    told = json.loads(run(app, ["projections", "status", "--json", "--home", str(tmp_path)]).output)
    assert told == {name: [LIVE] for name in ("auth", "inventory", "provisioner", "monitor", "terminal")}


def test_one_read_model_or_all_are_rebuilt_and_pruned(answers: dict[str, Any], tmp_path: Path) -> None:
    answers["monitor"] = ["monitor_v1", "monitor_rebuild_v2"]
    assert "of inventory" in run(app, ["projections", "rebuild", "inventory", "--home", str(tmp_path)]).output
    assert run(app, ["projections", "rebuild", "--home", str(tmp_path)]).output.count("✓") == 5
    assert (
        "Dropped monitor_v1, monitor_rebuild_v2."
        in run(app, ["projections", "prune", "--home", str(tmp_path)]).output
    )
    nothing = run(app, ["projections", "prune", "auth", "terminal", "--home", str(tmp_path)])
    assert "nothing to drop" in nothing.output


def test_a_name_without_a_read_model_is_refused(answers: dict[str, Any], tmp_path: Path) -> None:
    answer = run(app, ["projections", "rebuild", "archive", "--home", str(tmp_path)])
    assert answer.exit_code == 1
    assert "There is no read model of archive" in answer.output


def test_what_does_not_run_cannot_be_verified(tmp_path: Path) -> None:
    assert "There is no installation" in run(app, ["verify", "--home", str(tmp_path)]).output
    home.create(tmp_path)
    answer = run(app, ["verify", "--home", str(tmp_path)])
    assert answer.exit_code == 1
    assert "The platform does not run" in answer.output


def test_a_service_that_cannot_answer_is_named_with_its_reason(tmp_path: Path) -> None:
    opened = open_home(tmp_path, free_ports=True)
    broken = Part("auth", "hcmp_auth", "auth")
    with pytest.raises(LauncherError, match=r"auth could not be asked \(hcmp_auth\.read_model\): "):
        integrity._ask(opened, broken, "hcmp_auth.read_model", "status")
