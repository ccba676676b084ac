"""The monitor's questions to a real Prometheus, which scrapes a real machine and one that is not there."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4

import httpx
import pytest

from hcmp_cli import lab
from hcmp_cli.lab.containers import INSTALLATION_LABEL
from hcmp_cli.lab.engine import connect
from hcmp_contracts.vm import VmAssigned, VmReserved
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.machines import registered
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ports import free_port
from hcmp_testkit.process import ServiceProcess, running

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

OPERATOR = Account("operator", role="admin")
MINA = Account("mina")
ALIVE, DEAD = str(uuid4()), str(uuid4())
LABELS = {"job": "node"}


class Discovery(BaseHTTPRequestHandler):
    """What the inventory answers to Prometheus, in the format of http_sd."""

    targets: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        body = json.dumps(self.targets).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> lab.Images:
    lab.ensure_engine(print, tmp_path_factory.mktemp("engine"))
    return lab.ensure_images(print)


@pytest.fixture(scope="module")
def installation() -> Iterator[str]:
    name = f"test{uuid4().hex[:8]}"
    yield name
    lab.remove_all(name)


@pytest.fixture(scope="module")
def exporter_port(images: lab.Images, installation: str) -> int:
    """A machine's node_exporter."""
    port = free_port()
    with closing(connect()) as client:
        client.containers.run(
            images.lab,
            name=f"hcmp-{installation}-machine",
            labels={INSTALLATION_LABEL: installation},
            ports={"9100/tcp": ("127.0.0.1", port)},
            detach=True,
        )
    return port


@pytest.fixture(scope="module")
def prometheus_url(
    images: lab.Images, installation: str, exporter_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    Discovery.targets = [
        {"targets": [f"127.0.0.1:{exporter_port}"], "labels": {**LABELS, "vm_id": ALIVE, "vm_name": "lab-1"}},
        {"targets": [f"127.0.0.1:{free_port()}"], "labels": {**LABELS, "vm_id": DEAD, "vm_name": "lab-2"}},
    ]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Discovery)
    Thread(target=server.serve_forever, daemon=True).start()
    token: Path = tmp_path_factory.mktemp("prometheus") / "token"
    token.write_text("token")
    port = free_port()
    lab.start_prometheus(
        installation,
        port=port,
        gateway_url=f"http://127.0.0.1:{server.server_port}",
        sd_token_file=token,
        image=images.prometheus,
    )
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
async def issuer(event_store: EventStore) -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with issuer.answering(event_store.client):
        yield issuer


@pytest.fixture
async def service(
    nats_server: NatsServer, database_url: str, prometheus_url: str, issuer: Issuer, event_store: EventStore
) -> AsyncIterator[ServiceProcess]:
    for vm_id, name in ((ALIVE, "lab-1"), (DEAD, "lab-2")):
        await happened(event_store, vm_id, registered(name))
    settings = {"HCMP_PROMETHEUS_URL": prometheus_url}
    async with running("hcmp_monitor", nats=nats_server, database_url=database_url, settings=settings) as process:
        yield process


async def test_figures_of_a_real_machine_and_the_absence_of_a_dead_one(
    service: ServiceProcess, issuer: Issuer
) -> None:
    async with httpx.AsyncClient(base_url=service.url, headers=issuer.headers(OPERATOR)) as http:

        async def look() -> list[dict[str, Any]]:
            body = (await http.get("/api/monitoring/my-resources")).json()
            rows: list[dict[str, Any]] = body["resources"]
            return rows if body["prometheus"] == "up" else []

        alive, dead = await eventually(
            look, lambda rows: bool(rows) and None not in rows[0].values() and rows[1]["up"] is False, seconds=60
        )
        assert alive["up"] is True
        assert 0 <= alive["cpu_percent"] <= 100
        assert 0 <= alive["memory_percent"] < 100
        assert 0 < alive["disk_percent"] < 100
        assert [dead[figure] for figure in ("cpu_percent", "memory_percent", "disk_percent")] == [None] * 3
        assert dead["sampled_at"] is not None, "it was asked, and did not answer"


async def test_a_chart_grows_point_by_point_and_hides_what_happened_before_ones_time(
    service: ServiceProcess, issuer: Issuer, event_store: EventStore
) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:

        async def chart(account: Account) -> dict[str, Any]:
            answer = await http.get(
                f"/api/monitoring/vms/{ALIVE}/history?range=1h", headers=issuer.headers(account), timeout=10
            )
            body: dict[str, Any] = answer.json()
            return body

        async def operators() -> dict[str, Any]:
            return await chart(OPERATOR)

        full = await eventually(operators, lambda body: all(body["series"].values()), seconds=100)
        assert (full["vm_id"], full["range"], full["step_seconds"], full["prometheus"]) == (ALIVE, "1h", 30, "up")
        for points in full["series"].values():
            assert [time for time, _ in points] == sorted({time for time, _ in points})
            assert all(0 <= percent <= 100 for _, percent in points)

        reserved = VmReserved(project_id=str(uuid4()), owner_id=MINA.id, role="web")
        await happened(event_store, ALIVE, reserved, VmAssigned(project_id=reserved.project_id))

        async def minas() -> dict[str, Any]:
            return await chart(MINA)

        hers = await eventually(minas, lambda body: "series" in body)
        assert hers["series"] == {"cpu_percent": [], "memory_percent": [], "disk_percent": []}
