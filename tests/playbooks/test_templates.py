"""Every template that ships fits its published format, and its steps are plays that Ansible can read."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
TEMPLATES = sorted((PLAYBOOKS / "templates").glob("*.yml"))
# What the pool runs on machines that were added by hand, after a project.
CLEAN_UP = "clean/machine.yml"
PLAYS = sorted((PLAYBOOKS / "plays").rglob("*.yml"))
SCHEMA = json.loads((PLAYBOOKS / "templates" / "template.schema.json").read_text(encoding="utf-8"))

each_template = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def plays_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    plays = []
    for step in (*template["steps"], *template.get("teardown", [])):
        (play,) = read(PLAYBOOKS / "plays" / step["play"])
        plays.append(play)
    return plays


def test_the_three_templates_ship() -> None:
    assert {path.stem for path in TEMPLATES} >= {"single", "three-tier", "ha"}


@each_template
def test_a_template_fits_the_published_schema(path: Path) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    template = read(path)
    Draft202012Validator(SCHEMA).validate(template)
    assert template["id"] == path.stem


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Two Words"),
        ("title", {"en": "only English"}),
        ("roles", []),
        ("roles", [{"name": "all", "count": 1}]),
        ("roles", [{"name": "web", "count": 0}]),
        ("steps", []),
        ("steps", [{"name": {"en": "up", "ko": "위"}, "play": "../ansible.cfg"}]),
        ("steps", [{"name": {"en": "up", "ko": "위"}, "play": "/etc/passwd.yml"}]),
        (
            "variables",
            {"ansible_host": {"description": {"en": "a", "ko": "b"}, "default": "", "pattern": ".*"}},
        ),
        ("teardown", [{"name": {"en": "up", "ko": "위"}, "play": "../ansible.cfg"}]),
        ("replace", "sometimes"),
        ("surprise", True),
    ],
)
def test_the_schema_refuses_what_is_no_template(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(read(TEMPLATES[0]) | {field: value})


@each_template
def test_roles_and_step_names_are_told_apart(path: Path) -> None:
    template = read(path)
    roles = [role["name"] for role in template["roles"]]
    assert len(roles) == len(set(roles))
    for language in ("en", "ko"):
        names = [step["name"][language] for step in template["steps"]]
        assert len(names) == len(set(names))


@each_template
def test_the_default_of_a_variable_matches_its_own_pattern(path: Path) -> None:
    for variable in read(path).get("variables", {}).values():
        assert re.fullmatch(variable["pattern"], variable["default"])


@each_template
def test_each_step_is_one_play_that_can_come_first_and_stops_at_the_first_failure(path: Path) -> None:
    template = read(path)
    groups = {role["name"] for role in template["roles"]} | {"all"}
    for play in plays_of(template):
        assert set(play["hosts"].split(":")) <= groups
        assert play["any_errors_fatal"] is True
        assert play["max_fail_percentage"] == 0
        assert play["become"] is True


@each_template
def test_requested_packages_are_a_step_of_their_own_and_the_last_step_checks_the_chain(path: Path) -> None:
    steps = [step["play"] for step in read(path)["steps"]]
    assert steps.count("common/packages.yml") == 1
    assert steps[-1].endswith("/check.yml")


def test_no_play_is_left_over() -> None:
    templates = [read(path) for path in TEMPLATES]
    used = {step["play"] for template in templates for step in template["steps"] + template.get("teardown", [])}
    assert {play.relative_to(PLAYBOOKS / "plays").as_posix() for play in PLAYS} == used | {CLEAN_UP}


def test_images_hold_every_package_that_a_role_installs() -> None:
    listed = (PLAYBOOKS / "debian-packages.txt").read_text(encoding="utf-8").splitlines()
    installed: set[str] = set()
    for tasks in (PLAYBOOKS / "roles").glob("*/tasks/*.yml"):
        for task in read(tasks):
            names = task.get("ansible.builtin.apt", {}).get("name", [])
            installed |= {names} if isinstance(names, str) else set(names)
    assert {name for name in installed if "{{" not in name} <= set(listed)


@each_template
def test_ansible_can_read_every_step(path: Path, tmp_path: Path) -> None:
    template = read(path)
    hosts: dict[str, Any] = {role["name"]: {"hosts": {f"{role['name']}-1": {}}} for role in template["roles"]}
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"children": hosts}}))
    site = [{"import_playbook": str(PLAYBOOKS / "plays" / step["play"])} for step in template["steps"]]
    (tmp_path / "site.yml").write_text(json.dumps(site))
    checked = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "--syntax-check",
            f"--inventory={tmp_path / 'inventory.json'}",
            str(tmp_path / "site.yml"),
        ],
        env={
            "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr
