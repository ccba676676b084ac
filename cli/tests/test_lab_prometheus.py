"""Prometheus of the lab: finds its targets through the platform, with the platform's token only."""

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from hcmp_cli import lab
from hcmp_cli.lab.containers import INSTALLATION_LABEL, MACHINE_LABEL

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

TOKEN = secrets.token_urlsafe(24)


class Discovery(ThreadingHTTPServer):
    """What the gateway answers at /api/prometheus-sd, and how often it was asked without the token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.groups: list[dict[str, Any]] = []
        self.refused = 0


class _Handler(BaseHTTPRequestHandler):
    server: Discovery

    def do_GET(self) -> None:
        if self.path != "/api/prometheus-sd" or self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.server.refused += 1
            self.send_error(401)
            return
        body = json.dumps(self.server.groups).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what matters."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> lab.Images:
    lab.ensure_engine(print, tmp_path_factory.mktemp("engine"))
    return lab.ensure_images(print)


@pytest.fixture
def installation() -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    yield name
    lab.remove_all(name)


@pytest.fixture
def discovery() -> Iterator[Discovery]:
    with Discovery() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def exporter(installation: str, images: lab.Images) -> str:
    """The endpoint of a lab machine's exporter."""
    port = free_port()
    with closing(docker.from_env()) as client:
        client.containers.run(
            images.lab,
            detach=True,
            name=f"hcmp-{installation}-lab-01",
            labels={INSTALLATION_LABEL: installation, MACHINE_LABEL: "lab-01"},
            ports={"9100/tcp": ("127.0.0.1", port)},
            mem_limit="1g",
        )
    return f"127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def query(port: int, expression: str) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:{port}/api/v1/query"
    answer = httpx.get(url, params={"query": expression}, trust_env=False)
    return list(answer.json()["data"]["result"])


def eventually(attempt: Callable[[], list[dict[str, Any]]], *, seconds: float = 30) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if answer := attempt():
                return answer
        except (httpx.HTTPError, KeyError, ValueError):
            pass
        assert time.monotonic() < deadline, "no answer in time"
        time.sleep(0.2)


def test_a_lab_machine_is_found_scraped_and_remembered(
    installation: str, images: lab.Images, discovery: Discovery, exporter: str, tmp_path: Path
) -> None:
    labels = {"job": "node", "vm_id": "0193", "vm_name": "lab-01"}
    discovery.groups = [{"targets": [exporter], "labels": labels}]
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n", encoding="ascii")
    port = free_port()

    def start() -> None:
        gateway = f"http://127.0.0.1:{discovery.server_address[1]}"
        lab.start_prometheus(
            installation, port=port, gateway_url=gateway, sd_token_file=token, image=images.prometheus
        )

    start()
    up = eventually(lambda: query(port, 'up{job="node"} == 1'))
    assert up[0]["metric"].items() >= {**labels, "instance": exporter}.items()
    assert discovery.refused == 0
    percent = "100 * (1 - rate(node_cpu_seconds_total{mode='idle'}[10s]))"
    used = eventually(lambda: query(port, percent))
    assert -1 < float(used[0]["value"][1]) <= 100
    memory = query(port, "node_memory_MemTotal_bytes{vm_name='lab-01'}")
    assert float(memory[0]["value"][1]) == 2**30

    started = time.time()
    lab.stop_all(installation)
    start()
    lab.start_machines(installation)
    eventually(lambda: query(port, 'up{job="node"} == 1'))
    assert query(port, f"up{{vm_id='0193'}} @ {started - 1}"), "what was measured before the stop is kept"


def test_a_changed_token_reaches_prometheus(
    installation: str, images: lab.Images, discovery: Discovery, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    port = free_port()
    gateway = f"http://127.0.0.1:{discovery.server_address[1]}"
    discovery.groups = [{"targets": [f"127.0.0.1:{port}"], "labels": {"job": "hcmp"}}]
    for secret in ("of yesterday", TOKEN):
        token.write_text(secret, encoding="ascii")
        lab.start_prometheus(
            installation, port=port, gateway_url=gateway, sd_token_file=token, image=images.prometheus
        )
        eventually(lambda: query(port, "vector(1)"))
    assert eventually(lambda: query(port, 'up{job="hcmp"} == 1'))
    assert eventually(lambda: query(port, 'up{job="prometheus"} == 1')), "it watches itself"
    rules = httpx.get(f"http://127.0.0.1:{port}/api/v1/rules", trust_env=False).json()["data"]["groups"]
    assert [group["name"] for group in rules] == ["hcmp"], "the alerts are loaded"
    # Who may look into the container is root anyway; nobody else reads the token there.
    with closing(docker.from_env()) as client:
        inside = client.containers.get(f"hcmp-{installation}-prometheus")
        assert inside.exec_run(["stat", "-c", "%U %a", "/etc/prometheus/sd-token"]).output == b"prometheus 400\n"


def test_removing_leaves_nothing_of_the_installation(
    installation: str, images: lab.Images, discovery: Discovery, exporter: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="ascii")
    gateway = f"http://127.0.0.1:{discovery.server_address[1]}"
    lab.start_prometheus(
        installation, port=free_port(), gateway_url=gateway, sd_token_file=token, image=images.prometheus
    )
    lab.remove_all(installation)
    lab.remove_all(installation)
    with closing(docker.from_env()) as client:
        label = {"label": f"{INSTALLATION_LABEL}={installation}"}
        assert client.containers.list(all=True, filters=label) == []
        assert client.networks.list(filters=label) == []
        assert client.volumes.list(filters=label) == []
