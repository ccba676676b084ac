"""When a step is tried again on machines that were not reached."""

import pytest

from hcmp_contracts.project import HostFailure
from hcmp_provisioner.worker.progress import worth_another_try


def lost(reason: str) -> HostFailure:
    return HostFailure(vm="lab-01", task="Do it", reason=reason, unreachable=True)


@pytest.mark.parametrize(
    ("reason", "lapsed", "again"),
    [
        ("ssh: connect to host 10.0.0.1 port 22: Connection refused", False, True),
        ("hcmp@10.0.0.1: Permission denied (publickey).", False, False),
        ("hcmp@10.0.0.1: Permission denied (publickey).", True, True),
        ("Host key verification failed.", True, False),
    ],
)
def test_a_refusal_is_worth_another_try_only_when_the_runs_certificate_had_ended(
    reason: str, *, lapsed: bool, again: bool
) -> None:
    assert worth_another_try(lost(reason), lapsed=lapsed) is again
