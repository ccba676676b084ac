"""What opens a machine: a certificate for one session, or else the password or key that is stored with the
machine, and the platform's own key where there still is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from hcmp_contracts.vm import VM_CREDENTIAL
from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.domain.shell import CertificateUnavailableError, Guest
from hcmp_webkit.ssh_certificates import CertificateRefusedError, EphemeralKey, SshCertificates
from hcmp_webkit.ssh_certificates import CertificateUnavailableError as Unanswered
from hcmp_webkit.vault import Binding, UnreadableSecretError, Vault


@dataclass(frozen=True)
class Means:
    """Keys, one of them perhaps with its certificate, and perhaps a password, to be offered to a machine."""

    keys: Sequence[asyncssh.SSHKey | tuple[asyncssh.SSHKey, asyncssh.SSHCertificate]]
    password: str | None = field(default=None, repr=False)


class CredentialUnreadableError(Exception):
    """A stored credential cannot be opened, or is no key."""


class Credentials:
    """`platform_key` is for machines that are older than the platform's certificates."""

    def __init__(self, *, certificates: SshCertificates, platform_key: Path | None, vault: Vault) -> None:
        self._certificates = certificates
        self._platform_keys = [] if platform_key is None else [asyncssh.read_private_key(platform_key)]
        self._vault = vault

    async def means(self, machine: Machine, guest: Guest) -> Means:
        """What to offer to a machine on behalf of this account; the key of a certificate is made for it alone.

        Raises CertificateUnavailableError, CredentialUnreadableError.
        """
        if not machine.ssh_certificates:
            return self._stored(machine)
        key = EphemeralKey.generate()
        try:
            signed = await self._certificates.for_session(machine.vm_id, guest.account_id, key)
        except (Unanswered, CertificateRefusedError) as error:
            raise CertificateUnavailableError(str(error)) from error
        return Means([(asyncssh.import_private_key(key.private), asyncssh.import_certificate(signed.text))])

    def _stored(self, machine: Machine) -> Means:
        if machine.credential is None:
            return Means(self._platform_keys)
        try:
            secret = self._vault.open(machine.credential, Binding(VM_CREDENTIAL, machine.vm_id))
            if secret.lstrip().startswith("-----BEGIN "):
                return Means([asyncssh.import_private_key(secret), *self._platform_keys])
        except (UnreadableSecretError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise CredentialUnreadableError(f"{type(error).__name__}: {error}") from error
        return Means(self._platform_keys, password=secret)
