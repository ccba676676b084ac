"""A template: which machines a kind of project has, and the steps that turn them into it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hcmp_contracts.project import PlannedStep, RoleCount
from hcmp_provisioner.domain.errors import VariableRefusedError

Language = Literal["en", "ko"]
ApprovalPolicy = Literal["none", "operator"]


@dataclass(frozen=True)
class Text:
    """The same text in each language of the interface."""

    en: str
    ko: str

    def read_in(self, language: Language) -> str:
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True)
class Variable:
    """What a person may set; the whole value must match `pattern`."""

    description: Text
    default: str
    pattern: str


@dataclass(frozen=True)
class Step:
    """One play of the playbook: `play` is its file under plays/."""

    name: Text
    play: str


@dataclass(frozen=True)
class Template:
    """`teardown` runs on the machines of a project that is deleted. With `replace`, machines that stay unreachable
    are replaced from the pool instead of failing the run.
    """

    id: str
    title: Text
    description: Text
    roles: tuple[RoleCount, ...]
    steps: tuple[Step, ...]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    approval: ApprovalPolicy = "none"
    teardown: tuple[Step, ...] = ()
    replace: bool = False

    @property
    def machines(self) -> int:
        """How many machines a project of this kind needs."""
        return sum(role.count for role in self.roles)

    def plan(self) -> tuple[PlannedStep, ...]:
        """The steps as a project keeps them: numbered from 1, named in English."""
        return tuple(
            PlannedStep(number=number, name=step.name.en, play=step.play)
            for number, step in enumerate(self.steps, start=1)
        )

    def settle(self, given: Mapping[str, str]) -> dict[str, str]:
        """Every variable with its given value, or its default. Raises VariableRefusedError."""
        for name in given:
            if name not in self.variables:
                raise VariableRefusedError(name, "this template does not have it")
        settled = {name: given.get(name, variable.default) for name, variable in self.variables.items()}
        for name, value in settled.items():
            pattern = self.variables[name].pattern
            if not re.fullmatch(pattern, value):
                raise VariableRefusedError(name, f"the value does not match {pattern}")
        return settled


@dataclass(frozen=True)
class Approval:
    """Which requests an operator has to approve: by their template, or from so many machines on (0: no size)."""

    from_machines: int

    def policy(self, template: Template) -> ApprovalPolicy:
        if self.from_machines and template.machines >= self.from_machines:
            return "operator"
        return template.approval
