"""A process that the supervisor keeps running, as the parts of an installation describe it."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

import psutil

from hcmp_cli.errors import LauncherError

MARK = "HCMP_INSTALLATION"

# What a process inherits from the person's shell; everything else it gets from its settings.
_INHERITED = (
    "DOCKER_CERT_PATH",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "HOME",
    "LOGNAME",
    "PATH",
    "SSL_CERT_FILE",
    "USER",
)


@dataclass(frozen=True)
class Process:
    name: str
    command: tuple[str, ...]
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    # Files whose change must restart the process, although its command stays the same.
    settings: tuple[Path, ...] = ()
    # A listener of the supervisor's that looks after it, for what starting a dead process again does not mend.
    watcher: tuple[str, ...] = ()

    def digest(self) -> str:
        contents = b"\0".join(path.read_bytes() for path in self.settings)
        return hashlib.sha256(contents).hexdigest()[:16]


def inherited_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def program(name: str) -> str:
    """The path of a server's program: it stands beside this Python, where its wheel put it."""
    beside = Path(sys.executable).absolute().parent / name
    found = str(beside) if beside.exists() else which(name)
    if found is None:
        raise LauncherError(f"The program {name} is not installed: run `make demo` once more.")
    return found


def marked(installation: str) -> list[psutil.Process]:
    """Every living process that carries the installation's mark in its environment.

    These are its own processes whoever their parent is now: a supervisor that was killed leaves
    children, and so does a worker.
    """
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [found for found in psutil.process_iter() if found.pid not in ours and _has_mark(found, installation)]


def _has_mark(process: psutil.Process, installation: str) -> bool:
    try:
        return bool(process.environ().get(MARK) == installation)
    except (psutil.Error, OSError):
        return False


def end(processes: Iterable[psutil.Process], *, patience: float = 10) -> None:
    """Ask each to end, then make those that did not."""
    asked = list(processes)
    for process in asked:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs(asked, timeout=patience)
    for process in stubborn:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=5)


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
