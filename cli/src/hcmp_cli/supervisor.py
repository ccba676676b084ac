"""The supervisor that keeps an installation's processes running, and restarts those that die."""

import getpass
import http.client
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

from hcmp_cli import processes
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import REPOSITORY, Home, write_private
from hcmp_cli.processes import Process

_LONGEST_SOCKET_PATH = 90  # the kernel allows 107, and the supervisor adds its process number


@dataclass(frozen=True)
class State:
    name: str
    state: str
    pid: int
    since: int

    @property
    def running(self) -> bool:
        return self.state == "RUNNING"


class Supervisor:
    def __init__(self, home: Home) -> None:
        self._home = home
        self._configuration = home.path / "supervisord.conf"

    def answers(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def states(self) -> dict[str, State]:
        if not self.answers():
            return {}
        found = [
            State(name=one["name"], state=one["statename"], pid=one["pid"], since=one["start"])
            for one in self._call("getAllProcessInfo")
        ]
        return {state.name: state for state in found}

    def runs_with(self, wanted: Sequence[Process]) -> bool:
        """Whether it is running already, with exactly these processes and settings."""
        return self.answers() and self._configuration.read_text(encoding="utf-8") == self._render(wanted)

    def launch(self, wanted: Sequence[Process]) -> None:
        """Start the supervisor itself, in the background; its processes are started by `start`."""
        write_private(self._configuration, self._render(wanted))
        _socket_path(self._home).unlink(missing_ok=True)
        (self._home.path / "supervisord.pid").unlink(missing_ok=True)
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)],
            env=processes.inherited_environment() | {processes.MARK: self._home.installation},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,  # Ctrl-C is for the command, not for what it has started
            check=False,
        )
        if started.returncode != 0:
            raise LauncherError(f"supervisord does not start: {started.stdout.strip()} {started.stderr.strip()}")
        self._await_answer()

    def start(self, name: str) -> None:
        with suppress(xmlrpc.client.Fault):  # it is starting or running already
            self._call("startProcess", name, False)

    def stop(self, names: Iterable[str]) -> None:
        """Stop these all at once, and come back when they have ended."""
        waiting = set(names) & set(self.states())
        for name in waiting:
            with suppress(xmlrpc.client.Fault):  # not running
                self._call("stopProcess", name, False)
        while any(self.states()[name].state in {"RUNNING", "STARTING", "STOPPING"} for name in waiting):
            time.sleep(0.1)

    def end(self) -> None:
        """End the supervisor with all it runs, and whatever a killed one left behind."""
        if self.answers():
            supervisor = psutil.Process(self._call("getPID"))
            self._call("shutdown")
            with suppress(psutil.Error):
                supervisor.wait(timeout=60)
        processes.end(processes.marked(self._home.installation))
        _socket_path(self._home).unlink(missing_ok=True)
        (self._home.path / "supervisord.pid").unlink(missing_ok=True)

    def _await_answer(self) -> None:
        for _ in range(100):
            if self.answers():
                return
            time.sleep(0.1)
        raise LauncherError("supervisord does not answer.", log=self._home.logs / "supervisord.log")

    def _call(self, method: str, *arguments: Any) -> Any:
        path = _socket_path(self._home)
        if not path.exists():
            raise ConnectionRefusedError(path)
        transport = SupervisorTransport(None, None, serverurl=f"unix://{path}")
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)

    def _render(self, wanted: Sequence[Process]) -> str:
        log = self._home.logs / "supervisord.log"
        _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        head = f"""\
[unix_http_server]
file = {_escape(str(_socket_path(self._home)))}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
pidfile = {_escape(str(self._home.path / "supervisord.pid"))}
logfile = {_escape(str(log))}
logfile_maxbytes = 5MB
logfile_backups = 2
childlogdir = {_escape(str(self._home.logs))}
directory = {_escape(str(REPOSITORY))}
umask = 077
user = {getpass.getuser()}
minfds = {min(65_536, most_files) if most_files > 0 else 65_536}
"""
        watchers = "".join(_render_watcher(self._home, process) for process in wanted if process.watcher)
        return head + "".join(_render_process(self._home, process) for process in wanted) + watchers


def _render_process(home: Home, process: Process) -> str:
    """A process that dies is started again at once; one that cannot stay up, after 1, 2, 3 … seconds.

    Nothing starts by itself with the supervisor: `hcmp up` starts the servers before what needs
    them. A process is asked to end alone, so that the worker can end its own children; what is
    left of its group after the deadline is killed.
    """
    environment = process.environment | {processes.MARK: home.installation, "HCMP_DIGEST": process.digest()}
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in sorted(environment.items()))
    return f"""
[program:{process.name}]
command = {_escape(shlex.join(process.command))}
environment = {pairs}
autostart = false
autorestart = true
startsecs = 2
startretries = 1000
stopsignal = {process.stop_signal}
stopwaitsecs = {process.stop_seconds}
stopasgroup = false
killasgroup = true
redirect_stderr = true
stdout_logfile = {_escape(str(log_file(home, process.name)))}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def _render_watcher(home: Home, process: Process) -> str:
    """Told the time every five seconds for as long as the supervisor runs."""
    name = f"{process.name}-watch"
    return f"""
[eventlistener:{name}]
command = {_escape(shlex.join(process.watcher))}
events = TICK_5
environment = {processes.MARK}="{home.installation}"
stderr_logfile = {_escape(str(log_file(home, name)))}
stderr_logfile_maxbytes = 1MB
stderr_logfile_backups = 1
"""


def log_file(home: Home, name: str) -> Path:
    return home.logs / f"{name}.log"


def _socket_path(home: Home) -> Path:
    inside = home.path / "supervisor.sock"
    if len(str(inside)) <= _LONGEST_SOCKET_PATH:
        return inside
    return Path(tempfile.gettempdir()) / f"hcmp-{home.installation}.sock"


def _escape(value: str) -> str:
    return value.replace("%", "%%")
