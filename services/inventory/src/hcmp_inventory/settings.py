"""What the inventory is told at its start."""

import os
from pathlib import Path

from pydantic import Field, SecretStr

from hcmp_webkit.settings import ServiceSettings


class InventorySettings(ServiceSettings):
    """`lab_image` is absent where there is no lab; `metrics_targets` are host:port, separated by commas. Without
    `backup_directory` the platform cannot be reset, which takes a backup first. `ssh_key_file` is the platform's
    own key, for machines that are older than its certificates.

    Every `health_seconds` all machines are probed, every `drift_seconds` they are compared with what their
    providers have; 0 is never. A machine needs `health_free_mib` on its disks, and a clock that is off by no more
    than `health_clock_seconds`.

    With `playbooks_dir` machines added by hand are cleaned by the clean-up playbook there; without it they wait
    for an operator. `run_directory` must lie in memory (tmpfs): a clean-up's secrets stand there while it lasts.
    """

    fernet_keys: SecretStr
    ssh_key_file: Path | None = None
    installation: str
    lab_image: str | None = None
    allow_loopback: bool = False
    sd_token: SecretStr
    metrics_targets: str = ""
    backup_directory: Path | None = None
    health_seconds: float = Field(default=60.0, ge=0)
    drift_seconds: float = Field(default=30.0, ge=0)
    health_free_mib: int = Field(default=1024, ge=0)
    health_clock_seconds: float = Field(default=60.0, gt=0)
    playbooks_dir: Path | None = None
    run_directory: Path = Path(f"/dev/shm/hcmp-{os.getuid()}")  # noqa: S108 - made private, and the point is memory
    reset_nats_user: str
    reset_nats_password: SecretStr


class KeySettings(ServiceSettings):
    """What it takes to write secrets under another key; `fernet_keys` as the service has them."""

    fernet_keys: SecretStr
