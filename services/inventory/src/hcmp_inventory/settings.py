"""What the inventory is told at its start."""

from pathlib import Path

from pydantic import SecretStr

from hcmp_webkit.settings import ServiceSettings


class InventorySettings(ServiceSettings):
    """`lab_image` is absent where there is no lab; `metrics_targets` are host:port, separated by commas. Without
    `backup_directory` the platform cannot be reset, which takes a backup first. `ssh_key_file` is the platform's
    own key, for machines that are older than its certificates.
    """

    fernet_keys: SecretStr
    ssh_key_file: Path | None = None
    installation: str
    lab_image: str | None = None
    allow_loopback: bool = False
    sd_token: SecretStr
    metrics_targets: str = ""
    backup_directory: Path | None = None
    reset_nats_user: str
    reset_nats_password: SecretStr


class KeySettings(ServiceSettings):
    """What it takes to write secrets under another key; `fernet_keys` as the service has them."""

    fernet_keys: SecretStr
