"""A process that has imported one program already and forks it whenever it is asked to.

To import a service takes longer than most tests of it, and there is one start a test. What is forked is a process
of its own as much as any: its environment, its output, its signals and its end are those of `python -m program`.

`python -m hcmp_testkit.warm_server PROGRAM FD`: a request on the socket FD holds the environment and the file for
the output, its answer the process id and a pipe that tells how the process ended. When the socket closes, all end.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Never

from hcmp_testkit.traps import Trap, set_traps

MAX_REQUEST = 256 * 1024
# What uvicorn imports only when it serves.
SERVING = (
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)


class Server:
    """Forks on request, and passes on how each child ended."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._ends: dict[int, int] = {}

    def serve(self) -> Mapping[str, str] | None:
        """Serve until nobody asks any more; in a forked process, return with the environment it is to run in."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = [key.fd for key, _ in selector.select()]
                if woken in ready:
                    os.read(woken, 4096)
                    self._reap()
                if self._requests.fileno() in ready:
                    request = self._requests.recv(MAX_REQUEST)
                    if not request:
                        self._end()
                        return None
                    if (environment := self._fork(json.loads(request))) is not None:
                        os.close(woken)
                        os.close(wake)
                        return environment

    def _fork(self, request: dict[str, str]) -> Mapping[str, str] | None:
        told, tells = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (told, tells, *self._ends.values()):
                os.close(inherited)
            self._requests.close()
            with Path(request["log"]).open("ab") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            environment: dict[str, str] = json.loads(request["environment"])
            return environment
        self._ends[pid] = tells
        socket.send_fds(self._requests, [str(pid).encode()], [told])
        os.close(told)
        return None

    def _reap(self) -> None:
        while self._ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            tells = self._ends.pop(pid)
            os.write(tells, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(tells)

    def _end(self) -> None:
        for pid in self._ends:
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    program, descriptor = sys.argv[1], int(sys.argv[2])
    importlib.import_module(f"{program}.main")
    for module in SERVING:
        importlib.import_module(module)
    if threading.active_count() > 1:
        raise RuntimeError(f"{program} starts threads when it is imported: it cannot be forked")
    gc.freeze()
    environment = Server(socket.socket(fileno=descriptor)).serve()
    if environment is not None:
        _become(program, environment)


def _become(program: str, environment: Mapping[str, str]) -> Never:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = [program]
    if folder := environment.get("HCMP_MOMENTS"):
        set_traps(Trap(Path(folder), program))
    runpy.run_module(program, run_name="__main__", alter_sys=True)
    raise SystemExit


if __name__ == "__main__":
    main()
