"""Reads templates from files, checked against their published schema; a broken file stops the start."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from hcmp_contracts.project import RoleCount
from hcmp_provisioner.domain.template import Step, Template, Text, Variable

SCHEMA = "template.schema.json"


class BrokenTemplateError(Exception):
    """A template file cannot be used; the message is a sentence for the operator who wrote it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class _PlayLoader(yaml.SafeLoader):
    """Reads plays as data; Ansible's own tags, such as !unsafe, stand for their plain values."""


_PlayLoader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def load_templates(playbooks: Path) -> dict[str, Template]:
    """Every template by its id. Raises BrokenTemplateError."""
    folder = playbooks / "templates"
    validator = Draft202012Validator(json.loads(_text(folder / SCHEMA)))
    templates: dict[str, Template] = {}
    for path in sorted(folder.glob("*.yml")):
        template = _read(path, validator)
        for step in (*template.steps, *template.teardown):
            _check_play(path, playbooks / "plays" / step.play)
        templates[template.id] = template
    if not templates:
        raise BrokenTemplateError(folder, "there is no template here")
    return templates


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BrokenTemplateError(path, f"cannot be read: {error.strerror}") from error


def _read(path: Path, validator: Draft202012Validator) -> Template:
    try:
        document = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise BrokenTemplateError(path, f"is not YAML: {error}") from error
    for fault in validator.iter_errors(document):
        place = "/".join(str(part) for part in fault.absolute_path) or "the file"
        raise BrokenTemplateError(path, f"{place}: {fault.message}")
    if document["id"] != path.stem:
        raise BrokenTemplateError(path, f"its id is {document['id']!r}, but its file says {path.stem!r}")
    template = _template(document)
    try:
        template.settle({})
    except Exception as error:
        raise BrokenTemplateError(path, f"a default value is not allowed: {error}") from error
    return template


def _template(document: Mapping[str, Any]) -> Template:
    return Template(
        id=document["id"],
        title=Text(**document["title"]),
        description=Text(**document["description"]),
        roles=tuple(RoleCount(**role) for role in document["roles"]),
        steps=_steps(document["steps"]),
        variables={
            name: Variable(Text(**variable["description"]), variable["default"], variable["pattern"])
            for name, variable in document.get("variables", {}).items()
        },
        approval=document.get("approval", "none"),
        teardown=_steps(document.get("teardown", [])),
        replace=document.get("replace", False),
    )


def _steps(documents: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(name=Text(**step["name"]), play=step["play"]) for step in documents)


def _check_play(template: Path, play: Path) -> None:
    """A step is exactly one play that stops everywhere when it fails anywhere: steps are told apart by it."""
    try:
        plays = yaml.load(_text(play), _PlayLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise BrokenTemplateError(play, f"is not YAML: {error}") from error
    if not isinstance(plays, list) or len(plays) != 1 or "hosts" not in plays[0]:
        raise BrokenTemplateError(template, f"its step {play} is not exactly one play")
    if plays[0].get("any_errors_fatal") is False:
        raise BrokenTemplateError(template, f"its step {play} goes on after a failure (any_errors_fatal: false)")
