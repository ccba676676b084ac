"""Facts about SSH certificates, by which the platform signs in to machines. No event holds a key."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from hcmp_contracts.envelope import DomainEvent

Purpose = Literal["run", "session", "probe"]

# No user of a machine has a name with a slash: a certificate opens nothing where a user's name would do.
_MACHINE = "machine/"


def principal_of(machine: str) -> str:
    """What a certificate must name to open the machine of this name, and what the machine lets in by."""
    return f"{_MACHINE}{machine}"


class SshCertificateIssued(DomainEvent):
    """Whoever holds the private key of `public_key` (its fingerprint) may sign in to the machines that
    `principals` name, from `valid_after` to `valid_before`, and only from `source_addresses` where any are known.

    The machine's SSH server writes `<purpose>/<aggregate's id>` and the serial to its log. `authority` is the
    fingerprint of the key that signed. A run's certificate is for the machines that its project holds, a session's
    for `account_id`, a probe's for the platform itself.
    """

    event_type: ClassVar[str] = "hcmp.ssh-certificate.issued.v1"
    purpose: Purpose
    serial: int
    principals: list[str]
    vm_ids: list[str] = Field(default_factory=list)
    project_id: str | None = None
    account_id: str | None = None
    public_key: str
    authority: str
    valid_after: datetime
    valid_before: datetime
    source_addresses: list[str] = Field(default_factory=list)


SshCertificateEvent = SshCertificateIssued
