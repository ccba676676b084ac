"""What opens a machine: a certificate for one session, or else the password or key that is stored with the
machine, and the platform's own key where there still is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.domain.shell import CertificateUnavailableError, Guest
from hcmp_webkit.ssh_certificates import CertificateRefusedError, EphemeralKey, SshCertificates
from hcmp_webkit.ssh_certificates import CertificateUnavailableError as Unanswered


@dataclass(frozen=True)
class Means:
    """Keys, one of them perhaps with its certificate, and perhaps a password, to be offered to a machine."""

    keys: Sequence[asyncssh.SSHKey | tuple[asyncssh.SSHKey, asyncssh.SSHCertificate]]
    password: str | None = field(default=None, repr=False)


class CredentialUnreadableError(Exception):
    """A stored credential cannot be decrypted, or is no key."""


class Credentials:
    """`fernet_keys` are separated by commas; any of them decrypts. `platform_key` is for machines that are older
    than the platform's certificates.
    """

    def __init__(self, *, certificates: SshCertificates, platform_key: Path | None, fernet_keys: str) -> None:
        self._certificates = certificates
        self._platform_keys = [] if platform_key is None else [asyncssh.read_private_key(platform_key)]
        self._fernet = MultiFernet([Fernet(key.strip()) for key in fernet_keys.split(",") if key.strip()])

    async def means(self, machine: Machine, guest: Guest) -> Means:
        """What to offer to a machine on behalf of this account; the key of a certificate is made for it alone.

        Raises CertificateUnavailableError, CredentialUnreadableError.
        """
        if not machine.ssh_certificates:
            return self._stored(machine.credential)
        key = EphemeralKey.generate()
        try:
            signed = await self._certificates.for_session(machine.vm_id, guest.account_id, key)
        except (Unanswered, CertificateRefusedError) as error:
            raise CertificateUnavailableError(str(error)) from error
        return Means([(asyncssh.import_private_key(key.private), asyncssh.import_certificate(signed.text))])

    def _stored(self, ciphertext: str | None) -> Means:
        if ciphertext is None:
            return Means(self._platform_keys)
        try:
            secret = self._fernet.decrypt(ciphertext).decode()
            if secret.lstrip().startswith("-----BEGIN "):
                return Means([asyncssh.import_private_key(secret), *self._platform_keys])
        except (InvalidToken, UnicodeDecodeError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise CredentialUnreadableError(type(error).__name__) from error
        return Means(self._platform_keys, password=secret)
