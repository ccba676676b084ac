"""From a project and its machines to the plan of a run."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hcmp_contracts.allocation import GrantedMachine
from hcmp_contracts.vm import VM_CREDENTIAL
from hcmp_provisioner.domain.project_state import Details
from hcmp_provisioner.domain.template import Template
from hcmp_runner.plan import Plan, PlannedMachine, directory_of
from hcmp_webkit.vault import Binding, UnreadableSecretError, Vault

PRIVATE_KEY = "-----BEGIN "


class UnusablePlanError(Exception):
    """A run cannot be made; the message says why to the project's owner."""


@dataclass(frozen=True)
class Planner:
    """What every run of this worker shares. `templates` say what is done when machines are lost or given back."""

    playbooks: Path
    run_directory: Path
    platform_key: Path | None
    vault: Vault
    templates: Mapping[str, Template] = field(default_factory=dict)

    def plan(
        self, project_id: str, details: Details, *, first_step: int, machines: Sequence[GrantedMachine]
    ) -> Plan:
        """The plan of a run from `first_step` on. Raises UnusablePlanError."""
        plays = [step.play for step in details.steps if step.number >= first_step]
        return self._plan(project_id, details, plays, machines, check=details.dry_run)

    def teardown(
        self, project_id: str, details: Details, *, machines: Sequence[GrantedMachine]
    ) -> tuple[Plan, list[str]] | None:
        """The plan of the teardown and its steps' names; None when the template has none, or is not there any
        more. Raises UnusablePlanError.
        """
        template = self.templates.get(details.template)
        if template is None or not template.teardown:
            return None
        plan = self._plan(project_id, details, [step.play for step in template.teardown], machines)
        return plan, [step.name.en for step in template.teardown]

    def replaces(self, details: Details) -> bool:
        """Whether machines that stay unreachable are replaced."""
        template = self.templates.get(details.template)
        return template is not None and template.replace

    def _plan(
        self,
        project_id: str,
        details: Details,
        plays: list[str],
        machines: Sequence[GrantedMachine],
        *,
        check: bool = False,
    ) -> Plan:
        for play in plays:
            if not (self.playbooks / "plays" / play).is_file():
                raise UnusablePlanError(f"The template's file {play} is no longer there.")
        try:
            return Plan(
                run_id=project_id,
                directory=directory_of(self.run_directory, project_id, hold=secrets.token_hex(2)),
                playbooks=self.playbooks,
                plays=plays,
                machines=[self._machine(machine) for machine in machines],
                platform_key=self.platform_key,
                variables=_variables(project_id, details),
                check=check,
            )
        except ValidationError as error:
            faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
            raise UnusablePlanError(f"The run cannot be planned: {faults}.") from error

    def _machine(self, machine: GrantedMachine) -> PlannedMachine:
        secret = self._secret(machine)
        if secret is None and not machine.ssh_certificates and self.platform_key is None:
            raise UnusablePlanError(
                f"Nothing opens {machine.name}: it has no credential, and takes no certificate."
            )
        is_key = secret is not None and secret.lstrip().startswith(PRIVATE_KEY)
        return PlannedMachine(
            name=machine.name,
            role=machine.role,
            address=machine.address,
            ssh_host=machine.ssh_host,
            ssh_port=machine.ssh_port,
            ssh_user=machine.ssh_user,
            host_key=machine.host_key,
            by_certificate=machine.ssh_certificates,
            private_key=secret if is_key and not machine.ssh_certificates else None,
            password=None if is_key else secret,
        )

    def _secret(self, machine: GrantedMachine) -> str | None:
        if machine.credential is None:
            return None
        try:
            return self.vault.open(machine.credential, Binding(VM_CREDENTIAL, machine.vm_id))
        except UnreadableSecretError as error:
            raise UnusablePlanError(f"The credential of {machine.name} cannot be read: {error}.") from error


def _variables(project_id: str, details: Details) -> dict[str, Any]:
    return {
        "hcmp_project": details.name,
        "hcmp_project_id": project_id,
        "hcmp_packages": list(details.packages),
        "hcmp_variables": dict(details.variables),
    }
