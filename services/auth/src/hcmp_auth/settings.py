"""The settings of the auth service."""

from pathlib import Path
from typing import Annotated

from pydantic import SecretStr, StringConstraints

from hcmp_auth.domain.account import USERNAME_PATTERN
from hcmp_webkit.settings import ServiceSettings


class AuthSettings(ServiceSettings):
    """`signing_key_file` holds an Ed25519 key (PEM). The operator is registered at the first start.

    `ssh_authority_files` are Ed25519 keys (OpenSSH), separated by commas: machines trust all of them, and the
    first signs. With `ssh_source_addresses` (addresses or networks, separated by commas) a certificate is good
    only for connections from there: the platform as machines see it. `password_words` (separated by commas) are an
    organisation's own: its name and the like, which every attacker tries first.
    """

    signing_key_file: Path
    ssh_authority_files: str
    ssh_source_addresses: str = ""
    password_words: str = ""
    operator_username: Annotated[str, StringConstraints(pattern=USERNAME_PATTERN)]
    operator_password: SecretStr

    @property
    def source_addresses(self) -> list[str]:
        return _separated(self.ssh_source_addresses)

    @property
    def own_password_words(self) -> list[str]:
        return _separated(self.password_words)


def _separated(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
