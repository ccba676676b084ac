"""Secrets: made once, private, and of the kind that their readers expect."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from hcmp_cli.credentials import Credentials


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path)


def test_a_password_is_made_once(credentials: Credentials) -> None:
    assert credentials.password("nats-auth") == credentials.password("nats-auth")
    assert credentials.password("nats-auth") != credentials.password("nats-setup")


def test_a_password_needs_no_quoting_anywhere(credentials: Credentials) -> None:
    assert credentials.password("any").isalpha()
    assert len(credentials.password("any")) == 32


def test_the_keys_are_readable_by_what_uses_them(credentials: Credentials) -> None:
    Fernet(credentials.fernet_key())
    assert isinstance(load_pem_private_key(credentials.signing_key().read_bytes(), None), Ed25519PrivateKey)
    key = credentials.ssh_authority()
    private = load_ssh_private_key(key.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey)
    assert load_ssh_public_key(key.with_suffix(".pub").read_bytes()) == private.public_key()


def test_every_secret_is_private(credentials: Credentials, tmp_path: Path) -> None:
    credentials.password("any")
    credentials.fernet_key()
    credentials.signing_key()
    credentials.ssh_authority()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
