"""The gateway for real: what it routes, what it answers itself, and what it never does."""

import http.server
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hcmp_cli import gateway, home
from hcmp_cli.installation import Installation, open_home
from hcmp_cli.probes import http_answers
from hcmp_cli.processes import program

SERVICES = ("auth", "inventory", "provisioner", "monitor", "terminal")


class Upstream(http.server.BaseHTTPRequestHandler):
    """A service that says which one it is, or streams slowly."""

    protocol_version = "HTTP/1.1"
    name = ""

    def do_GET(self) -> None:
        if self.path == "/api/activity/stream":
            self._stream()
            return
        body = self.name.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "ALLOWALL")
        self.send_header("Asked-By", self.headers["X-Forwarded-For"])
        self.send_header("Brought", self.headers.get("Cookie", "none"))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(2):
            self.wfile.write(b"data: now\n\n")
            self.wfile.flush()
            time.sleep(0.5)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it
        """Nothing: the test says what it saw."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "web" / "assets").mkdir(parents=True)
    (folder / "web" / "index.html").write_text("<title>H-CMP</title>")
    (folder / "web" / "assets" / "index-1a2b.js").write_text("let a = 1;" * 1000)
    opened = open_home(folder / "home", free_ports=True)
    process = gateway.process(opened.home, opened.ports)
    environment = os.environ | process.environment | {"HCMP_WEB": str(folder / "web")}
    caddy = subprocess.Popen(process.command, env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            if http_answers(opened.ports.gateway, "/healthz"):
                break
            time.sleep(0.1)
        yield opened
    finally:
        caddy.kill()
        caddy.wait()
        home.remove(opened.home)


@pytest.fixture(scope="module")
def upstreams(installation: Installation) -> Iterator[None]:
    """Every service but the terminal, which is down."""
    servers = []
    for name in SERVICES[:-1]:
        handler = type(name, (Upstream,), {"name": name})
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", getattr(installation.ports, name)), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
    yield
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def browser(installation: Installation, upstreams: None) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url(installation.ports), trust_env=False, timeout=20) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/login", "auth"),
        ("/api/register", "auth"),
        ("/api/token/refresh", "auth"),
        ("/api/me", "auth"),
        ("/api/me/password", "auth"),
        ("/api/tokens/1", "auth"),
        ("/api/ws-ticket", "auth"),
        ("/api/admin/accounts/1/approve", "auth"),
        ("/.well-known/jwks.json", "auth"),
        ("/api/vms", "inventory"),
        ("/api/vms/1/maintenance", "inventory"),
        ("/api/pool?at=2026-11-23T10:00:00Z", "inventory"),
        ("/api/admin/settings", "inventory"),
        ("/api/pool/policies/small", "inventory"),
        ("/api/platform/drain?wait=20", "provisioner"),
        ("/api/admin/reset", "inventory"),
        ("/api/vcenter/inventory?kind=tags", "inventory"),
        ("/api/prometheus-sd", "inventory"),
        ("/api/templates", "provisioner"),
        ("/api/platform", "provisioner"),
        ("/api/provision", "provisioner"),
        ("/api/projects/1/logs", "provisioner"),
        ("/ws/logs/1", "provisioner"),
        ("/api/monitoring/my-resources", "monitor"),
        ("/api/activity", "monitor"),
        ("/asyncapi.json", "monitor"),
    ],
)
def test_each_path_leads_to_the_service_that_owns_it(browser: httpx.Client, path: str, service: str) -> None:
    assert browser.get(path).text == service


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nope", "/api/poolside", "/ws/nope", "/.well-known/nope"])
def test_an_unknown_path_of_the_interface_is_a_problem(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "not-found"
    assert answer.json()["status"] == 404


def test_a_service_that_is_down_is_a_problem_with_a_time_to_retry(browser: httpx.Client) -> None:
    answer = browser.get("/api/terminal/recordings")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["type"] == "service-unavailable"


def test_a_service_that_restarts_is_not_noticed(browser: httpx.Client, installation: Installation) -> None:
    handler = type("terminal", (Upstream,), {"name": "terminal"})
    late: list[http.server.ThreadingHTTPServer] = []

    def restart() -> None:
        late.append(http.server.ThreadingHTTPServer(("127.0.0.1", installation.ports.terminal), handler))
        late[0].serve_forever()

    timer = threading.Timer(2.5, restart)
    timer.start()
    try:
        assert browser.get("/api/terminal/recordings").text == "terminal"
    finally:
        timer.join(0.1)
        late[0].shutdown()
        late[0].server_close()


def test_a_body_of_one_mebibyte_passes_and_one_byte_more_does_not(browser: httpx.Client) -> None:
    assert browser.post("/api/vms", content=b"x" * 1_048_576).status_code == 200
    answer = browser.post("/api/vms", content=b"x" * 1_048_577)
    assert answer.status_code == 413
    assert answer.json()["type"] == "payload-too-large"


@pytest.mark.parametrize("path", ["/", "/projects/1", "/api/pool", "/api/nope", "/assets/nope.js"])
def test_every_answer_carries_the_security_headers_once(browser: httpx.Client, path: str) -> None:
    headers = browser.get(path).headers
    assert headers.get_list("x-frame-options") == ["DENY"]
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "referrer-policy" in headers
    assert "permissions-policy" in headers
    assert "caddy" not in headers.get("server", "").lower()


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
def test_a_page_of_another_origin_gets_nothing_of_the_interface(browser: httpx.Client, origin: str) -> None:
    for method, path in (("POST", "/api/token/refresh"), ("POST", "/api/token/revoke"), ("GET", "/api/me")):
        answer = browser.request(method, path, headers={"Sec-Fetch-Site": origin})
        assert (answer.status_code, answer.json()["type"]) == (403, "origin-refused")
    assert browser.get("/", headers={"Sec-Fetch-Site": origin}).status_code == 200
    assert browser.get("/api/me", headers={"Sec-Fetch-Site": "same-origin"}).text == "auth"


def test_nobody_says_for_themselves_which_address_they_come_from(browser: httpx.Client) -> None:
    answer = browser.get("/api/me", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.headers["asked-by"] == "127.0.0.1"


def test_the_cookie_of_a_session_reaches_the_service_that_made_it_and_no_other(browser: httpx.Client) -> None:
    cookie = {"Cookie": "hcmp_refresh=secret"}
    assert browser.get("/api/me", headers=cookie).headers["brought"] == "hcmp_refresh=secret"
    for path in ("/api/pool", "/api/projects", "/api/activity", "/ws/logs/1"):
        assert browser.get(path, headers=cookie).headers["brought"] == "none"


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/openapi.json", "/docs", "/.git/config"])
def test_what_services_tell_their_operators_is_behind_the_gateway(browser: httpx.Client, path: str) -> None:
    assert "<title>H-CMP</title>" in browser.get(path).text


def test_a_folder_is_not_listed_and_a_request_not_echoed(browser: httpx.Client) -> None:
    assert browser.get("/assets/").status_code == 404
    assert browser.request("TRACE", "/").status_code == 405


def test_every_page_of_the_web_interface_is_its_index(browser: httpx.Client) -> None:
    for path in ("/", "/projects/0193/terminal"):
        answer = browser.get(path)
        assert "<title>H-CMP</title>" in answer.text
        assert answer.headers["cache-control"] == "no-cache"


def test_built_assets_are_compressed_and_kept_for_a_year(browser: httpx.Client) -> None:
    answer = browser.get("/assets/index-1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_asset_that_is_not_there_is_not_the_index(browser: httpx.Client) -> None:
    assert browser.get("/assets/gone.js").status_code == 404


def test_a_stream_arrives_as_it_is_sent(browser: httpx.Client) -> None:
    started = time.monotonic()
    with browser.stream("GET", "/api/activity/stream", headers={"Accept-Encoding": "gzip"}) as answer:
        assert next(answer.iter_raw()) == b"data: now\n\n"
        assert time.monotonic() - started < 0.4


def test_another_host_name_is_turned_away(browser: httpx.Client) -> None:
    assert browser.get("/api/pool", headers={"Host": "evil.example"}).status_code == 421


def test_localhost_leads_to_the_one_origin(browser: httpx.Client, installation: Installation) -> None:
    answer = browser.get("/projects?page=2", headers={"Host": f"localhost:{installation.ports.gateway}"})
    assert answer.headers["location"] == f"{gateway.url(installation.ports)}/projects?page=2"


def test_the_production_file_has_the_same_routes(tmp_path: Path) -> None:
    file = home.REPOSITORY / "deploy" / "caddy" / "production.Caddyfile"
    named = {"HCMP_DOMAIN": "cmp.example.org", "HCMP_EMAIL": "ops@example.org", "HCMP_WEB": "/srv/web"}
    checked = subprocess.run(
        [program("caddy"), "validate", "--config", str(file), "--adapter", "caddyfile"],
        env=os.environ | named | {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
