"""Who may enter a machine, and when it is no longer the same."""

from dataclasses import replace

import pytest

from hcmp_terminal.domain.machine import Machine

MACHINE = Machine(
    vm_id="vm-1",
    name="lab-1",
    address="10.0.0.1",
    ssh_host="127.0.0.1",
    ssh_port=22,
    ssh_user="hcmp",
    host_key="ssh-ed25519 AAAA",
    credential=None,
    project_id="p-1",
    owner_id="mina",
)
FREE = replace(MACHINE, project_id=None, owner_id=None)


def test_its_projects_owner_enters_and_nobody_else() -> None:
    assert MACHINE.admits("mina", is_operator=False)
    assert not MACHINE.admits("stranger", is_operator=False)


def test_a_free_machine_admits_operators_only() -> None:
    assert not FREE.admits("mina", is_operator=False)
    assert FREE.admits("operator", is_operator=True)


@pytest.mark.parametrize(
    "now", [FREE, replace(MACHINE, project_id="p-2"), replace(MACHINE, host_key="ssh-ed25519 BBBB")]
)
def test_another_project_or_host_key_means_other_hands(now: Machine) -> None:
    assert not MACHINE.same_hands(now)


def test_a_moved_endpoint_does_not() -> None:
    assert MACHINE.same_hands(replace(MACHINE, ssh_port=2222))
