"""The one folder that holds everything an installation makes: state, secrets, settings, logs."""

import fcntl
import os
import random
import shutil
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hcmp_cli.errors import LauncherError

REPOSITORY = Path(os.environ.get("HCMP_ROOT", Path(__file__).resolve().parents[3]))
DEFAULT_HOME = REPOSITORY / ".local"

# What an installation makes in its folder. `clean` removes these and nothing else, so that a
# folder named by mistake loses nothing of its own.
_FOLDERS = ("backups", "caddy", "logs", "nats", "postgres", "secrets", "services")
_FILES = (
    "demo.json",
    "installation",
    "lab.json",
    "ports.toml",
    "restoring",
    "supervisord.conf",
    "supervisord.pid",
    "supervisor.sock",
    "lock",
)


@dataclass(frozen=True)
class Home:
    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def services(self) -> Path:
        return self.path / "services"

    @property
    def backups(self) -> Path:
        """Where the factory reset puts what it is about to forget."""
        return self.path / "backups"

    @property
    def restoring(self) -> Path:
        """Stands while a restore has not come to its end."""
        return self.path / "restoring"

    @property
    def demo(self) -> Path:
        return self.path / "demo.json"

    @property
    def overrides(self) -> Path:
        """The operator's own settings, `HCMP_NAME=value` a line: given to every service, over ours."""
        return self.path / "settings.env"

    @property
    def exists(self) -> bool:
        return (self.path / "installation").is_file()

    @property
    def installation(self) -> str:
        """The short id by which containers and processes are known as this installation's."""
        return (self.path / "installation").read_text(encoding="ascii").strip()

    @property
    def run_directory(self) -> Path:
        """Where runs keep their secrets while they last: memory where the machine offers it."""
        memory = Path("/dev/shm")  # noqa: S108 the folder below it is 0700 and named by a random id
        return (memory if memory.is_dir() else self.path) / f"hcmp-{self.installation}"


def create(path: Path) -> Home:
    """The folder at `path`, made an installation's home if it is not one yet."""
    home = Home(path.expanduser().absolute())
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.path.chmod(0o700)
    for name in _FOLDERS:
        (home.path / name).mkdir(mode=0o700, exist_ok=True)
    if not home.exists:
        letters = random.SystemRandom().choices(string.ascii_lowercase + string.digits, k=8)
        write_private(home.path / "installation", "".join(letters) + "\n")
    return home


def remove(home: Home) -> None:
    """Remove what the installation made; a folder that holds nothing else goes with it."""
    if home.exists:
        shutil.rmtree(home.run_directory, ignore_errors=True)
    for name in _FOLDERS:
        shutil.rmtree(home.path / name, ignore_errors=True)
    for name in _FILES:
        (home.path / name).unlink(missing_ok=True)
    if home.path.is_dir() and not any(home.path.iterdir()):
        home.path.rmdir()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Only one command at a time changes an installation."""
    with (home.path / "lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LauncherError(f"Another hcmp command is working on {home.path}: wait for it to end.") from None
        yield
