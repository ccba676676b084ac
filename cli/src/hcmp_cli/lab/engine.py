"""The container engine: found, or installed and started where that is allowed."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import DockerException

from hcmp_cli.lab.debian import install_packages, may_install_packages, systemd_runs
from hcmp_cli.lab.errors import EngineUnavailable

Report = Callable[[str], None]

_SOCKET = "/var/run/docker.sock"

_WHAT_TO_INSTALL = (
    "No container engine answers: install Docker Engine 20.10 or newer (on Debian and Ubuntu the package"
    " docker.io), start it, and run this again."
)


def connect() -> docker.DockerClient:
    """A client of the engine that DOCKER_HOST names, or of the one on this computer."""
    try:
        if not os.environ.get("DOCKER_HOST"):
            _knock()
        return docker.from_env(timeout=120)
    except (DockerException, OSError) as error:
        raise EngineUnavailable(_why(error)) from error


def _knock() -> None:
    """Raise OSError when nobody listens; the SDK would leave a socket open at each try."""
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(_SOCKET)


def engine_answers() -> bool:
    try:
        connect().close()
    except EngineUnavailable:
        return False
    return True


def ensure_engine(report: Report, logs: Path) -> None:
    """An engine that answers; the log of one that had to be started by hand stands in `logs`."""
    try:
        connect().close()
    except EngineUnavailable:
        if os.environ.get("DOCKER_HOST") or _socket_is_forbidden() or not may_install_packages():
            raise
    else:
        return
    if shutil.which("dockerd") is None:
        report("No container engine here: installing Debian's package docker.io (a minute or two)")
        install_packages("docker.io")
    report("Starting the container engine")
    _start(logs)


def _start(logs: Path) -> None:
    if systemd_runs():
        subprocess.run(["systemctl", "start", "docker"], check=False, capture_output=True)
        _wait_for(lambda: None, seconds=60)
        return
    # The init script needs limits that a container or a small machine does not grant.
    service = subprocess.run(["service", "docker", "start"], check=False, capture_output=True)
    if service.returncode == 0 and _answers_within(20):
        return
    _start_by_hand(logs)


def _start_by_hand(logs: Path) -> None:
    log = logs / "engine.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        daemon = subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )

    def fail_if_ended() -> None:
        if daemon.poll() is not None:
            raise EngineUnavailable("The container engine does not start.", log=log)

    _wait_for(fail_if_ended, seconds=60)
    daemon.returncode = 0  # it outlives us on purpose: nobody waits for its end


def _wait_for(check: Callable[[], None], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not engine_answers():
        check()
        if time.monotonic() > deadline:
            raise EngineUnavailable(f"The container engine was started but does not answer after {seconds:.0f} s.")
        time.sleep(0.3)


def _answers_within(seconds: float) -> bool:
    try:
        _wait_for(lambda: None, seconds=seconds)
    except EngineUnavailable:
        return False
    return True


def _socket_is_forbidden() -> bool:
    return Path(_SOCKET).exists() and not os.access(_SOCKET, os.R_OK | os.W_OK)


def _why(error: Exception) -> str:
    if host := os.environ.get("DOCKER_HOST"):
        return f"No container engine answers at {host}, which DOCKER_HOST names: {error}"
    if _socket_is_forbidden():
        return "This user may not use the container engine: add it to the group docker and log in again."
    return _WHAT_TO_INSTALL
