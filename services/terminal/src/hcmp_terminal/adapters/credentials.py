"""What opens a machine: the platform's key, and the password or key that is stored with the machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from cryptography.fernet import Fernet, InvalidToken, MultiFernet


@dataclass(frozen=True)
class Means:
    """Keys and perhaps a password, to be offered to a machine."""

    keys: Sequence[asyncssh.SSHKey]
    password: str | None = field(default=None, repr=False)


class CredentialUnreadableError(Exception):
    """A stored credential cannot be decrypted, or is no key."""


class Credentials:
    """`fernet_keys` are separated by commas; any of them decrypts."""

    def __init__(self, *, platform_key: Path, fernet_keys: str) -> None:
        self._platform_key = asyncssh.read_private_key(platform_key)
        self._fernet = MultiFernet([Fernet(key.strip()) for key in fernet_keys.split(",") if key.strip()])

    def means(self, ciphertext: str | None) -> Means:
        """What to offer to a machine with this stored credential; the platform's key is always tried too."""
        if ciphertext is None:
            return Means([self._platform_key])
        try:
            secret = self._fernet.decrypt(ciphertext).decode()
            if secret.lstrip().startswith("-----BEGIN "):
                return Means([asyncssh.import_private_key(secret), self._platform_key])
        except (InvalidToken, UnicodeDecodeError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise CredentialUnreadableError(type(error).__name__) from error
        return Means([self._platform_key], password=secret)
