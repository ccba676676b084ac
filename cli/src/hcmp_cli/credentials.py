"""Every secret of an installation: generated once, kept as files that only their owner reads."""

import random
import string
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hcmp_cli.home import write_private


@dataclass(frozen=True)
class Credentials:
    folder: Path

    def password(self, name: str, *, length: int = 32) -> str:
        """Letters only: 32 of them carry 180 bits and need no quoting in any URL or settings file."""
        path = self.folder / f"{name}.password"
        if not path.exists():
            write_private(path, "".join(random.SystemRandom().choices(string.ascii_letters, k=length)) + "\n")
        return path.read_text(encoding="ascii").strip()

    def fernet_key(self) -> str:
        """The key under which secrets are encrypted; behind it and a comma the older one during a rotation."""
        path = self._fernet_file
        if not path.exists():
            write_private(path, Fernet.generate_key().decode() + "\n")
        return path.read_text(encoding="ascii").strip()

    @property
    def rotating(self) -> bool:
        """Whether an older key is kept beside the newest."""
        return "," in self.fernet_key()

    def add_fernet_key(self) -> None:
        """Put a new key before those that there are."""
        write_private(self._fernet_file, f"{Fernet.generate_key().decode()},{self.fernet_key()}\n")

    def drop_old_fernet_keys(self) -> None:
        """Keep the newest key alone: what was encrypted under another one can no longer be read."""
        write_private(self._fernet_file, self.fernet_key().split(",")[0] + "\n")

    @property
    def _fernet_file(self) -> Path:
        return self.folder / "fernet.key"

    def signing_key(self) -> Path:
        """The Ed25519 key that signs access tokens."""
        path = self.folder / "signing-key.pem"
        if not path.exists():
            key = Ed25519PrivateKey.generate()
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_private(path, pem.decode())
        return path

    def ssh_authority(self) -> Path:
        """The key of the SSH certificate authority that machines trust. Only the auth service reads it."""
        path = self.folder / "ssh_authority_ed25519"
        if not path.exists():
            key = Ed25519PrivateKey.generate()
            public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            write_private(path.with_suffix(".pub"), public.decode() + " hcmp\n")
            private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
            write_private(path, private.decode())
        return path

    def former_ssh_key(self) -> Path | None:
        """The key with which an installation older than its certificates opens its machines. None is made any
        more: once no machine needs it, its file can be removed.
        """
        path = self.folder / "platform_ed25519"
        return path if path.exists() else None
