"""The directory in which runs keep their files: private, in memory, and swept of what died."""

import fcntl
import os
import shutil
import stat
import time
from functools import partial
from pathlib import Path

from hcmp_runner.files import LOCK
from hcmp_runner.processes import end_all, in_directory

# Below a run's directory (16 characters) OpenSSH makes sockets: /c/<10 digits>.<16 characters>; a path has 108.
LONGEST = 107 - len("/0123456789abcdef/c/0123456789.0123456789abcdef")

BEING_MADE_SECONDS = 5.0


class UnusableRunDirectoryError(Exception):
    """The message is a sentence for the operator who set HCMP_RUN_DIRECTORY."""


def prepare(directory: Path) -> None:
    """Make the directory private and remove what runs left that nobody holds any more.

    Raises UnusableRunDirectoryError.
    """
    if len(os.fsencode(directory)) > LONGEST:
        raise UnusableRunDirectoryError(f"{directory} is too long: SSH's sockets allow {LONGEST} bytes")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise UnusableRunDirectoryError(f"{directory} belongs to somebody else")
    directory.chmod(0o700)
    for left in directory.iterdir():
        if not _held(left):
            end_all(partial(in_directory, left))
            shutil.rmtree(left, ignore_errors=True)


def _held(directory: Path) -> bool:
    """Whether a live run holds this directory; another worker of this host may have runs here.

    A directory is made a moment before its lock: one that is new and has none is being made.
    """
    try:
        with (directory / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return time.time() - directory.lstat().st_mtime < BEING_MADE_SECONDS
    except OSError:
        return False
    return False
