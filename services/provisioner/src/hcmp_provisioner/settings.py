"""The settings of this service's two processes, read once at start."""

import os
from pathlib import Path

from pydantic import Field, SecretStr

from hcmp_webkit.settings import ServiceSettings


class ApiSettings(ServiceSettings):
    """The API needs no secret of a machine: it reads the templates and nothing else.

    A project of `approval_from_machines` or more needs an operator's approval, whatever its template says; with 0
    none does for its size. No lease ends later than `max_lease_days` from now.
    """

    playbooks_dir: Path
    approval_from_machines: int = Field(default=0, ge=0)
    max_lease_days: int = Field(default=365, ge=1)


class WorkerSettings(ServiceSettings):
    """`fernet_keys` are separated by commas; the first one seals, each of them opens. `ssh_key_file` is the
    platform's own key, for machines that are older than its certificates.

    A failed run's machines stay with their project for `failed_hold_seconds`, so that a retry can go on where it
    ended. A step whose machines cannot be reached is tried again after each of `unreachable_seconds` (a JSON list)
    before it fails. A template's teardown may last `teardown_seconds`. `run_directory` must lie in memory (tmpfs):
    the secrets of a run stand there while it lasts.
    """

    playbooks_dir: Path
    fernet_keys: SecretStr
    ssh_key_file: Path | None = None
    failed_hold_seconds: int = Field(default=60, ge=0)
    unreachable_seconds: tuple[float, ...] = (2.0, 5.0, 15.0)
    teardown_seconds: float = Field(default=60.0, gt=0)
    worker_slots: int = Field(default=4, ge=1, le=64)
    run_directory: Path = Path(f"/dev/shm/hcmp-{os.getuid()}")  # noqa: S108 - made private, and the point is memory
