"""An SSH certificate: what it is good for, for how long, and for whom there is none. Decides; knows no key.

Source of what a certificate may say: OpenSSH, PROTOCOL.certkeys (critical options and extensions).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from hcmp_auth.domain.account import Account, Active
from hcmp_contracts.account import Role
from hcmp_contracts.allocation import AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.ssh_certificate import Purpose, SshCertificateEvent, SshCertificateIssued
from hcmp_contracts.vm import (
    VmQuarantined,
    VmRecycleStarted,
    VmRegistered,
    VmReleased,
    VmReserved,
    VmRetired,
)
from hcmp_eventstore.decider import Decider

# Long enough to sign in; OpenSSH looks at it only then. A run signs in again and again, and renews its own.
LIVES: dict[Purpose, timedelta] = {
    "run": timedelta(minutes=10),
    "session": timedelta(minutes=2),
    "probe": timedelta(minutes=2),
}
# How much a machine's clock may be behind.
LEEWAY = timedelta(minutes=1)


@dataclass(frozen=True)
class Issue:
    """What was signed, to be recorded before it is handed out."""

    facts: SshCertificateIssued


@dataclass(frozen=True)
class Unknown:
    """Nothing was ever signed under this id."""


@dataclass(frozen=True)
class Issued:
    serial: int


Certificate = Unknown | Issued


class CertificateRefusedError(Exception):
    """There is no certificate for this; the message says why, to whoever asked."""


def decide(command: Issue, certificate: Certificate) -> list[SshCertificateEvent]:
    match certificate:
        case Unknown():
            return [command.facts]
        case Issued():
            raise CertificateRefusedError("a certificate of this id was issued already")
        case _:
            assert_never(certificate)


def evolve(_: Certificate, event: SshCertificateEvent) -> Certificate:
    return Issued(event.serial)


CERTIFICATE: Decider[Issue, Certificate, SshCertificateEvent] = Decider(
    aggregate="ssh-certificate", initial=Unknown(), decide=decide, evolve=evolve
)


def lifetime(purpose: Purpose, now: datetime) -> tuple[datetime, datetime]:
    """From when until when a certificate is good, in whole seconds, as it can say them."""
    now = now.replace(microsecond=0)
    return now - LEEWAY, now + LIVES[purpose]


def extensions_of(purpose: Purpose) -> tuple[str, ...]:
    """What its holder may do beyond running commands: somebody at a terminal has one, and nobody forwards."""
    return ("permit-pty",) if purpose == "session" else ()


def machines_of_run(allocation: Sequence[DomainEvent]) -> list[GrantedMachine]:
    """The machines of a project, by its allocation's events, that certificates open.

    Raises CertificateRefusedError when there are none.
    """
    held: list[GrantedMachine] = []
    for event in allocation:
        match event:
            case AllocationGranted(machines=machines):
                held = machines
            case AllocationReleased():
                held = []
            case _:
                continue
    open_by_certificate = [machine for machine in held if machine.ssh_certificates]
    if not open_by_certificate:
        raise CertificateRefusedError("the project holds no machine that certificates open")
    return open_by_certificate


@dataclass(frozen=True)
class Holding:
    """A machine of the pool and who holds it now."""

    machine: VmRegistered
    project_id: str | None = None
    owner_id: str | None = None


def machine_of_session(vm: Sequence[DomainEvent], account_id: str, account: Account) -> Holding:
    """The machine that an account may enter, by the events of both: operators any, others what they hold.

    Raises CertificateRefusedError.
    """
    holding = _holding(vm)
    if holding is None or not isinstance(account, Active):
        raise CertificateRefusedError("there is no such machine, or no such account that is active")
    if account.details.role is Role.VIEWER:
        raise CertificateRefusedError("a viewer enters no machine")
    if account.details.role is not Role.ADMIN and holding.owner_id != account_id:
        raise CertificateRefusedError("the machine is not this account's")
    return holding


def _holding(vm: Sequence[DomainEvent]) -> Holding | None:
    holding: Holding | None = None
    for event in vm:
        match event:
            case VmRegistered():
                holding = Holding(event)
            case VmRetired():
                holding = None
            case VmReserved(project_id=project_id, owner_id=owner_id) if holding:
                holding = Holding(holding.machine, project_id, owner_id)
            case VmReleased() | VmRecycleStarted() | VmQuarantined() if holding:
                holding = Holding(holding.machine)
            case _:
                continue
    return holding
