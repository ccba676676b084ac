"""The settings of this service's two processes, read once at start."""

import os
from pathlib import Path

from pydantic import Field, SecretStr

from hcmp_webkit.settings import ServiceSettings


class ApiSettings(ServiceSettings):
    """The API needs no secret of a machine: it reads the templates and nothing else."""

    playbooks_dir: Path


class WorkerSettings(ServiceSettings):
    """`fernet_keys` are separated by commas; the first one encrypts, each of them decrypts.

    `run_directory` must lie in memory (tmpfs): the secrets of a run stand there while it lasts.
    """

    playbooks_dir: Path
    fernet_keys: SecretStr
    ssh_key_file: Path
    worker_slots: int = Field(default=4, ge=1, le=64)
    run_directory: Path = Path(f"/dev/shm/hcmp-{os.getuid()}")  # noqa: S108 - made private, and the point is memory
