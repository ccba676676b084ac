"""Whether a part answers, asked on 127.0.0.1 and past any proxy that the environment names."""

import http.client
import json
from contextlib import closing


def http_answers(port: int, path: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


def complaint(port: int) -> str | None:
    """What a service says is missing, if it answers at all."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", "/readyz")
            failures = json.loads(connection.getresponse().read())["failures"]
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return None
    return "; ".join(f"{name}: {why}" for name, why in failures.items()) or None
