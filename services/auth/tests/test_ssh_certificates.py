"""Who gets an SSH certificate, for which machines and how long; and what is signed, as asyncssh reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from hcmp_auth.adapters.ssh_authority import SshAuthority
from hcmp_auth.domain.account import Account, Active, Details, Pending, Suspended
from hcmp_auth.domain.ssh_certificate import (
    CertificateRefusedError,
    extensions_of,
    lifetime,
    machine_of_session,
    machines_of_run,
)
from hcmp_auth.ports import SshTerms, UnusablePublicKeyError
from hcmp_contracts.account import Role
from hcmp_contracts.allocation import AllocationDenied, AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.ssh_certificate import Purpose
from hcmp_contracts.vm import VmAssigned, VmQuarantined, VmReleased, VmReserved, VmRetired
from hcmp_testkit.machines import registered

NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)


def machine(name: str, *, certificates: bool = True) -> GrantedMachine:
    return GrantedMachine(
        vm_id=f"id-{name}",
        name=name,
        address="10.0.0.1",
        role="web",
        ssh_host="10.0.0.1",
        ssh_port=22,
        ssh_user="hcmp",
        host_key="ssh-ed25519 AAAA",
        ssh_certificates=certificates,
    )


def granted(*machines: GrantedMachine, attempt: int = 1) -> AllocationGranted:
    return AllocationGranted(owner_id="mina", attempt=attempt, machines=list(machines))


REGISTERED = registered("web-1", ssh_certificates=True)
RESERVED = VmReserved(project_id="shop", owner_id="mina", role="web")


def details(role: Role = Role.USER) -> Details:
    return Details("mina", "Mina", "mina@example.org", role, 5, 2)


def test_a_runs_certificate_is_for_the_machines_that_its_project_holds_now() -> None:
    replaced = [granted(machine("a"), machine("b")), granted(machine("a"), machine("c"), attempt=2)]
    assert [held.name for held in machines_of_run(replaced)] == ["a", "c"]


def test_machines_that_take_no_certificate_are_left_out() -> None:
    assert [held.name for held in machines_of_run([granted(machine("a"), machine("b", certificates=False))])] == [
        "a"
    ]


@pytest.mark.parametrize(
    "history",
    [
        [],
        [AllocationDenied(attempt=1, needed=2, available=1)],
        [granted(machine("a")), AllocationReleased(reason="deleted", attempt=1)],
        [granted(machine("a", certificates=False))],
    ],
)
def test_a_project_that_holds_no_machine_gets_no_certificate(history: list[DomainEvent]) -> None:
    with pytest.raises(CertificateRefusedError):
        machines_of_run(history)


def test_an_owner_enters_what_they_hold_and_an_operator_everything() -> None:
    held = machine_of_session([REGISTERED, RESERVED, VmAssigned(project_id="shop")], "mina", Active(details()))
    assert (held.machine.name, held.project_id) == ("web-1", "shop")
    assert machine_of_session([REGISTERED], "root", Active(details(Role.ADMIN))).project_id is None


@pytest.mark.parametrize(
    ("history", "account_id", "account"),
    [
        ([REGISTERED, RESERVED], "kim", Active(details())),
        ([REGISTERED], "mina", Active(details())),
        ([REGISTERED, RESERVED, VmReleased(project_id="shop", reason="deleted")], "mina", Active(details())),
        ([REGISTERED, RESERVED, VmQuarantined(reason="lost")], "mina", Active(details())),
        ([REGISTERED, VmRetired(reason="old")], "root", Active(details(Role.ADMIN))),
        ([], "root", Active(details(Role.ADMIN))),
        ([REGISTERED, RESERVED], "mina", Active(details(Role.VIEWER))),
        ([REGISTERED, RESERVED], "mina", Suspended(details(), approved=True)),
        ([REGISTERED, RESERVED], "mina", Pending(details())),
    ],
)
def test_nobody_else_gets_a_certificate_for_a_session(
    history: list[DomainEvent], account_id: str, account: Account
) -> None:
    with pytest.raises(CertificateRefusedError):
        machine_of_session(history, account_id, account)


@pytest.mark.parametrize(("purpose", "minutes"), [("run", 10), ("session", 2), ("probe", 2)])
def test_a_certificate_is_good_for_minutes_and_for_clocks_that_are_a_little_behind(
    purpose: Purpose, minutes: int
) -> None:
    whole = NOW.replace(microsecond=0)
    assert lifetime(purpose, NOW) == (whole - timedelta(minutes=1), whole + timedelta(minutes=minutes))


def test_only_a_session_has_a_terminal_and_nothing_forwards() -> None:
    purposes: tuple[Purpose, ...] = ("run", "session", "probe")
    assert [extensions_of(purpose) for purpose in purposes] == [(), ("permit-pty",), ()]


def terms(**changes: Any) -> SshTerms:
    facts: dict[str, Any] = {
        "serial": 7,
        "key_id": "run/1",
        "principals": ["machine/a", "machine/b"],
        "valid_after": NOW,
        "valid_before": NOW + timedelta(minutes=10),
        "source_addresses": ["10.0.0.0/8", "192.0.2.1"],
        "extensions": [],
    }
    return SshTerms(**facts | changes)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two keys of an authority that is being exchanged."""
    paths = [tmp_path / "new", tmp_path / "old"]
    for path in paths:
        key = Ed25519PrivateKey.generate()
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return paths


def test_the_first_key_signs_and_machines_are_to_trust_all(files: list[Path]) -> None:
    authority = SshAuthority.read(f"{files[0]}, {files[1]}")
    subject = asyncssh.generate_private_key("ssh-ed25519")

    signed = authority.sign(subject.export_public_key().decode(), terms(extensions=["permit-pty"]))

    first, second = (asyncssh.read_private_key(path) for path in files)
    trusted = [asyncssh.import_public_key(text) for text in authority.public_keys()]
    assert [key.public_data for key in trusted] == [first.public_data, second.public_data]
    certificate = asyncssh.import_certificate(signed.certificate)
    assert isinstance(certificate, asyncssh.public_key.SSHOpenSSHCertificate)
    assert certificate.signing_key.public_data == first.public_data
    assert certificate.key.public_data == subject.public_data
    assert certificate.principals == ["machine/a", "machine/b"]
    assert set(map(str, cast(list[object], certificate.options["source-address"]))) == {
        "10.0.0.0/8",
        "192.0.2.1/32",
    }
    assert certificate.options.keys() == {"source-address", "permit-pty"}
    assert signed.public_key == subject.get_fingerprint()
    assert signed.authority == first.get_fingerprint()


def test_only_ed25519_keys_are_signed(files: list[Path]) -> None:
    authority = SshAuthority.read(str(files[0]))
    rsa = generate_private_key(65537, 2048).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for text in (rsa.decode(), "ssh-ed25519 AAAA", "nonsense"):
        with pytest.raises(UnusablePublicKeyError):
            authority.sign(text, terms())


def test_an_authority_without_a_key_or_with_another_kind_of_key_does_not_start(tmp_path: Path) -> None:
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    (tmp_path / "rsa").write_bytes(rsa)
    with pytest.raises(TypeError, match="no Ed25519 key"):
        SshAuthority.read(str(tmp_path / "rsa"))
    with pytest.raises(ValueError, match="needs a key"):
        SshAuthority.read(" , ")
