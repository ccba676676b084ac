"""The settings of the terminal."""

from pathlib import Path

from pydantic import SecretStr

from hcmp_webkit.settings import ServiceSettings


class TerminalSettings(ServiceSettings):
    """`fernet_keys` (separated by commas) open stored credentials; `ssh_key_file` is the platform's own key,
    for machines that are older than its certificates.
    """

    fernet_keys: SecretStr
    ssh_key_file: Path | None = None
