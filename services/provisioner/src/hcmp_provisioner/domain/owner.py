"""What the provisioner must know of a project's owner, folded from the account's own events."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hcmp_contracts.account import (
    AccountQuotaChanged,
    AccountRegistered,
    AccountRoleChanged,
    AccountRunQuotaChanged,
    Role,
)
from hcmp_contracts.envelope import DomainEvent
from hcmp_provisioner.domain.quota import Limits


@dataclass(frozen=True)
class Owner:
    """How much an account may use, and whether it operates the platform: then maintenance does not stop it."""

    limits: Limits
    is_operator: bool


NOBODY = Owner(Limits(machines=0, runs=0), is_operator=False)


def owner_of(events: Iterable[DomainEvent]) -> Owner:
    """The owner after these events of an account, oldest first; of what concerns others nothing is kept."""
    owner = NOBODY
    for event in events:
        match event:
            case AccountRegistered():
                limits = Limits(event.machine_quota, event.run_quota)
                owner = Owner(limits, is_operator=event.role is Role.ADMIN)
            case AccountRoleChanged(after=role):
                owner = replace(owner, is_operator=role is Role.ADMIN)
            case AccountQuotaChanged(after=machines):
                owner = replace(owner, limits=replace(owner.limits, machines=machines))
            case AccountRunQuotaChanged(after=runs):
                owner = replace(owner, limits=replace(owner.limits, runs=runs))
            case _:
                continue
    return owner
