"""The SSH certificate authority: keys that machines trust, the first of which signs.

The private keys stand in files that only this service reads. There are several while they are exchanged: what the
machines trust is changed before what signs, and the old key goes last.

Source: OpenSSH, PROTOCOL.certkeys.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_private_key,
    load_ssh_public_key,
)

from hcmp_auth.ports import Signed, SshTerms, UnusablePublicKeyError

COMMENT = "hcmp"


@dataclass(frozen=True)
class SshAuthority:
    keys: Sequence[Ed25519PrivateKey]

    @classmethod
    def read(cls, files: str) -> Self:
        """`files` are separated by commas. Raises ValueError and TypeError when one holds another kind of key, and
        OSError.
        """
        paths = [Path(path.strip()) for path in files.split(",") if path.strip()]
        if not paths:
            raise ValueError("an SSH certificate authority needs a key")
        return cls([_private_key(path) for path in paths])

    def public_keys(self) -> list[str]:
        """What machines are to trust, in OpenSSH's format."""
        return [f"{_text(key.public_key())} {COMMENT}" for key in self.keys]

    def sign(self, public_key: str, terms: SshTerms) -> Signed:
        """Raises UnusablePublicKeyError."""
        subject = _public_key(public_key)
        builder = (
            SSHCertificateBuilder()
            .public_key(subject)
            .type(SSHCertificateType.USER)
            .serial(terms.serial)
            .key_id(terms.key_id.encode())
            .valid_principals([principal.encode() for principal in terms.principals])
            .valid_after(int(terms.valid_after.timestamp()))
            .valid_before(int(terms.valid_before.timestamp()))
        )
        if terms.source_addresses:
            builder = builder.add_critical_option(b"source-address", ",".join(terms.source_addresses).encode())
        for extension in terms.extensions:
            builder = builder.add_extension(extension.encode(), b"")
        certificate = builder.sign(self.keys[0]).public_bytes().decode()
        return Signed(certificate, _fingerprint(subject), _fingerprint(self.keys[0].public_key()))


def _private_key(path: Path) -> Ed25519PrivateKey:
    key = load_ssh_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 key")
    return key


def _public_key(text: str) -> Ed25519PublicKey:
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusablePublicKeyError("this is no public key of OpenSSH's") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnusablePublicKeyError("only Ed25519 keys get a certificate")
    return key


def _text(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _fingerprint(key: Ed25519PublicKey) -> str:
    """As `ssh-keygen -l` shows it."""
    blob = base64.b64decode(_text(key).split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
