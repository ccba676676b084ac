"""Starts the broker again when it has given up on its disk although there is room now.

nats-server (2.15.1) that once failed to write a stream's file does not try again: its /healthz says `write error`,
and stays so until it is started anew. A full disk that somebody has made room on is therefore an outage for ever.
The supervisor runs this as one of its event listeners (http://supervisord.org/events.html) and tells it the time
every few seconds; it looks at the broker then, and ends it when it has been so for a while. The supervisor starts
it again.
"""

import http.client
import json
import os
import shutil
import sys
import time
from contextlib import closing
from dataclasses import dataclass

from supervisor import childutils  # type: ignore[import-untyped]

BROKER = "nats"
PATIENCE_SECONDS = 10.0
# Less than this is soon full again.
ROOM_BYTES = 16 * 1024 * 1024


@dataclass
class Watch:
    """Whether it is time to start the broker again, from what is seen of it now and was seen before."""

    given_up_since: float | None = None

    def is_due(self, *, given_up: bool, free: int, now: float) -> bool:
        if not given_up or free < ROOM_BYTES:
            self.given_up_since = None
            return False
        if self.given_up_since is None:
            self.given_up_since = now
        if now - self.given_up_since < PATIENCE_SECONDS:
            return False
        self.given_up_since = None
        return True


def has_given_up(monitoring_port: int) -> bool:
    """Whether the broker says that it could not write. Not one that is silent, or recovers its store."""
    with closing(http.client.HTTPConnection("127.0.0.1", monitoring_port, timeout=2)) as connection:
        try:
            connection.request("GET", "/healthz")
            return "write error" in str(json.loads(connection.getresponse().read()).get("error", ""))
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            return False


def main(monitoring_port: int, store: str) -> None:
    """Listen to the supervisor until it ends this."""
    supervisor, watch = childutils.getRPCInterface(os.environ).supervisor, Watch()
    while True:
        childutils.listener.wait()
        free = shutil.disk_usage(store).free
        if watch.is_due(given_up=has_given_up(monitoring_port), free=free, now=time.monotonic()):
            sys.stderr.write(
                f"{BROKER} could not write, and there is room now ({free} bytes): it is started again\n"
            )
            supervisor.signalProcess(BROKER, "TERM")
        childutils.listener.ok()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
