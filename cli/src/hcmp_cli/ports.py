"""Which port each part listens on: one settings file, copied into the installation's home."""

import random
import socket
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

import psutil

from hcmp_cli.errors import LauncherError
from hcmp_cli.home import REPOSITORY, Home, write_private

DEFAULTS = REPOSITORY / "deploy" / "local" / "ports.toml"


@dataclass(frozen=True)
class Ports:
    gateway: int
    auth: int
    inventory: int
    provisioner: int
    worker: int
    monitor: int
    terminal: int
    archive: int
    nats: int
    nats_monitoring: int
    postgres: int
    prometheus: int


NAMES = tuple(field.name for field in fields(Ports))


def load(home: Home, *, free: bool = False) -> Ports:
    """The installation's ports, chosen at its first start and kept from then on."""
    path = settings_file(home)
    if not path.exists():
        write_private(path, _free_ports() if free else DEFAULTS.read_text(encoding="utf-8"))
    chosen = _parse(DEFAULTS) | _parse(path)
    return Ports(**{name: chosen[name] for name in NAMES})


def settings_file(home: Home) -> Path:
    return home.path / "ports.toml"


def _parse(path: Path) -> dict[str, int]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LauncherError(f"{path} is not valid TOML: {error}.") from None
    unknown = sorted(set(found) - set(NAMES))
    if unknown:
        raise LauncherError(f"{path} names a part that does not exist: {', '.join(unknown)}.")
    for name, port in found.items():
        if not isinstance(port, int) or not 0 < port < 65536:
            raise LauncherError(f"{path}: {name} must be a port number from 1 to 65535, not {port!r}.")
    return found


def _free_ports() -> str:
    """Ports in a row: two installations that choose at the same moment hardly choose the same row."""
    # Below the range that the kernel gives to outgoing connections, which could take a port
    # between now and the moment its owner starts.
    rows = range(20_000, 32_000 - len(NAMES), len(NAMES))
    for first in random.SystemRandom().sample(rows, k=len(rows)):
        chosen = range(first, first + len(NAMES))
        if all(_bindable(port) for port in chosen):
            return "".join(f"{name} = {port}\n" for name, port in zip(NAMES, chosen, strict=True))
    raise LauncherError(f"No {len(NAMES)} ports in a row are free.")


def refuse_taken(home: Home, name: str, port: int) -> None:
    """Say in one sentence that another program has the port."""
    if _bindable(port):
        return
    raise LauncherError(
        f"Port {port} ({name}) is taken by {_holder(port)}: "
        f"change it in {settings_file(home)}, or end that program, and try again."
    )


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"
