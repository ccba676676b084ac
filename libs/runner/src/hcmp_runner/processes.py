"""Finding and ending every process of a run, in whichever session or process group it lives.

A child of this process is found by descent: as a subreaper this process inherits what daemonizes itself, an
SSH master for one. What a killed run left behind is found by the run's marker in the environment, or by the
run's directory in the command line: an SSH master writes its title over its environment.

Source: prctl(2), PR_SET_CHILD_SUBREAPER; openssh, openbsd-compat/setproctitle.c.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from hcmp_runner.plan import HOLD, MARKER

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
END_SECONDS = 8.0

Find = Callable[[], list[psutil.Process]]


class ProcessesLeftError(Exception):
    """Processes of a run could not be ended."""


def become_subreaper() -> None:
    """From now on, what a descendant leaves behind becomes a child of this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """From now on this process is killed when its parent ends. Its children are not: see `end_all`."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def descendants() -> list[psutil.Process]:
    """Everything alive below this process; the dead ones are reaped."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    return [process for process in psutil.Process().children(recursive=True) if _alive(process)]


def in_directory(directory: Path) -> list[psutil.Process]:
    """Everything alive on this host whose command line speaks of a file in this directory."""
    return [process for process in _others() if _speaks_of(process, f"{directory}/")]


def of_run(run_id: str, directories: Path) -> list[psutil.Process]:
    """Everything alive on this host that belongs to the run, whoever holds it, but for this process. The run's
    directories are those whose paths begin like this one.
    """
    return [
        process
        for process in _others()
        if _environment_of(process).get(MARKER) == run_id or _speaks_of(process, str(directories))
    ]


def of_hold(directory: Path) -> list[psutil.Process]:
    """Everything alive on this host that belongs to one hold on a run, which has this directory."""
    return [
        process
        for process in _others()
        if _environment_of(process).get(HOLD) == directory.name or _speaks_of(process, f"{directory}/")
    ]


def end_all(find: Find) -> None:
    """Kill what `find` finds until it finds nothing twice in a row. Raises ProcessesLeftError."""
    deadline = time.monotonic() + END_SECONDS
    quiet = 0
    while quiet < 2:
        found = find()
        quiet = 0 if found else quiet + 1
        for process in found:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.send_signal(signal.SIGKILL)
        if found and time.monotonic() > deadline:
            raise ProcessesLeftError(", ".join(str(process.pid) for process in found))
        time.sleep(0.02)


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def _others() -> Iterator[psutil.Process]:
    return (process for process in psutil.process_iter() if process.pid != os.getpid() and _alive(process))


def _speaks_of(process: psutil.Process, path: str) -> bool:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return any(path in argument for argument in process.cmdline())
    return False


def _environment_of(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        environment: dict[str, str] = process.environ()
        return environment
    return {}
