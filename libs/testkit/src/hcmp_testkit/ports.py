"""Free ports on loopback, of which no two workers of one test run are given the same."""

import os
import random
import socket
from collections.abc import Iterator
from functools import cache

# Below the ports that an installation and its lab choose from, and below those that the kernel gives to outgoing
# connections, which could take one between the moment it is given and the moment its owner listens.
FIRST, LAST = 10_000, 20_000
WORKERS = 16


def free_port() -> int:
    """A port that nobody listens on now, and that was not given before."""
    for port in _share():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("every port of this worker's share is taken")


@cache
def _share() -> Iterator[int]:
    """The ports of this worker, each once, in random order: another run on this computer takes others."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    ports = list(range(FIRST + worker, LAST, WORKERS))
    random.SystemRandom().shuffle(ports)
    return iter(ports)
