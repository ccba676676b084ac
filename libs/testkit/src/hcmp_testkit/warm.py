"""Services as processes that start within a moment: each is forked from one that has imported it already."""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path


class WarmProcess:
    """A forked process, with what a test does to a `subprocess.Popen`."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while the process lives."""
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; its status. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(os.read(self._ended, 16))
            os.close(self._ended)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(15)

    def kill(self) -> None:
        self.send_signal(9)


def start(program: str, environment: Mapping[str, str], log: Path) -> WarmProcess:
    """`python -m program` in this environment, with what it says at the end of this file."""
    log.touch()
    requests = _server(program)
    requests.send(json.dumps({"environment": json.dumps(dict(environment)), "log": str(log)}).encode())
    answer, [ended], *_ = socket.recv_fds(requests, 64, 1)
    return WarmProcess(int(answer), ended)


@cache
def _server(program: str) -> socket.socket:
    """The socket on which a server of this program takes requests. It ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-m", "hcmp_testkit.warm_server", program, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours
