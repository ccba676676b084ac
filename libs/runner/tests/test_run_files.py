"""What a run's files say to OpenSSH and Ansible."""

import pytest

from hcmp_runner.files import known_host
from hcmp_runner.plan import PlannedMachine

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"


@pytest.mark.parametrize(("port", "named"), [(22, "10.0.0.21"), (2222, "[10.0.0.21]:2222")])
def test_a_host_key_is_pinned_under_the_name_that_openssh_looks_for(port: int, named: str) -> None:
    machine = PlannedMachine(
        name="web-01",
        role="web",
        address="10.0.0.21",
        ssh_host="10.0.0.21",
        ssh_port=port,
        ssh_user="hcmp",
        host_key=KEY,
    )
    assert known_host(machine) == f"{named} {KEY}"
