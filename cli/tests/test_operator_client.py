"""What the launcher makes of the platform's answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hcmp_cli.errors import LauncherError
from hcmp_cli.operator_client import Operator, SignInRefusedError


class Gateway(BaseHTTPRequestHandler):
    status = 401

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_password_that_was_changed_is_told_from_a_platform_that_is_ill(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SignInRefusedError), Operator(url, "operator", "generated"):
        pass
    monkeypatch.setattr(Gateway, "status", 503)
    with pytest.raises(LauncherError) as ill, Operator(url, "operator", "generated"):
        pass
    assert not isinstance(ill.value, SignInRefusedError)
