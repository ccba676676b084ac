"""Free ports on loopback, of which no two workers of one test run are given the same."""

import itertools
import os
import random
import socket
from collections.abc import Iterator
from functools import cache

# Below the ports that an installation and its lab choose from, and below those that the kernel gives to outgoing
# connections, which could take one between the moment it is given and the moment its owner listens.
PORTS = range(10_000, 20_000)


def free_port() -> int:
    """A port that nobody listens on now, and the one of this worker's that was given longest ago."""
    share = _share()
    for port in itertools.islice(share, len(PORTS)):
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
    """The ports of this worker, over and over, in random order: another run on this computer takes others."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = list(PORTS[worker::workers])
    random.SystemRandom().shuffle(ports)
    return itertools.cycle(ports)
