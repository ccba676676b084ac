"""Machines and their figures, from a real process; Prometheus is a small server where its faults are tried."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
import pytest

from hcmp_contracts.account import AccountRegistered, Role
from hcmp_contracts.settings import PLATFORM, SettingChange, SettingsChanged
from hcmp_contracts.vm import VmAssigned, VmRegistered, VmReleased, VmReserved
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.ports import free_port
from hcmp_testkit.process import ServiceProcess, running

MINA = Account("mina")
STRANGER = Account("stranger")
OPERATOR = Account("operator", role="admin")


class FakePrometheus(BaseHTTPRequestHandler):
    """Answers every question with the figures of `machines`, or as `fault` says."""

    machines: ClassVar[dict[str, dict[str, str]]] = {}
    questions: ClassVar[list[str]] = []
    fault: ClassVar[str] = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        query = parse_qs(body)["query"][0]
        self.questions.append(query)
        match self.fault:
            case "slow":
                time.sleep(5)
            case "500":
                self.send_error(500)
            case "malformed":
                self._answer(b'{"status": "success", "data": 7}')
            case "truncated":
                self._answer(b'{"status": "succ')
            case "elsewhere" if not self.path.startswith("/elsewhere"):
                self.send_response(307)
                self.send_header("Location", f"/elsewhere{self.path}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "endless":
                self._endless()
            case _:
                self._answer(json.dumps(self._figures(query)).encode())

    def _figures(self, query: str) -> dict[str, Any]:
        result = [
            {"metric": {"vm_id": vm_id, "figure": figure}, "value": [1763892000, value]}
            for vm_id, figures in self.machines.items()
            for figure, value in figures.items()
            if f'"{figure}"' in query
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" " * 65536)
        except OSError:
            pass  # the service has had enough

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def prometheus() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakePrometheus)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    FakePrometheus.fault = ""
    FakePrometheus.questions.clear()
    FakePrometheus.machines.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def prometheus_url() -> Iterator[str]:
    with prometheus() as url:
        yield url


@pytest.fixture
async def issuer(event_store: EventStore) -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with issuer.answering(event_store.client):
        yield issuer


@pytest.fixture
async def service(
    nats_server: NatsServer, database_url: str, prometheus_url: str, issuer: Issuer
) -> AsyncIterator[ServiceProcess]:
    settings = {"HCMP_PROMETHEUS_URL": prometheus_url}
    async with running("hcmp_monitor", nats=nats_server, database_url=database_url, settings=settings) as process:
        yield process


@pytest.fixture
async def http(service: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url) as client:
        yield client


def registered(name: str) -> VmRegistered:
    return VmRegistered(
        name=name,
        address=f"10.0.0.{name[-1]}",
        ssh_host="127.0.0.1",
        ssh_port=22,
        ssh_user="hcmp",
        exporter_host="127.0.0.1",
        exporter_port=9100,
        provider="static",
        provider_ref=name,
        host_key="ssh-ed25519 AAAA",
    )


async def pool_of_two(store: EventStore) -> tuple[str, str, str]:
    """mina's project holds one machine, another is free: their ids and the project's."""
    hers, free, project = str(uuid4()), str(uuid4()), str(uuid4())
    for account in (MINA, OPERATOR):
        await happened(
            store,
            account.id,
            AccountRegistered(
                username=account.username,
                full_name="",
                email="a@example.org",
                role=Role(account.role),
                machine_quota=9,
            ),
        )
    reserved = VmReserved(project_id=project, owner_id=MINA.id, role="web")
    await happened(store, free, registered("lab-2"))
    await happened(store, hers, registered("lab-1"), reserved, VmAssigned(project_id=project))
    return hers, free, project


async def resources(http: httpx.AsyncClient, headers: dict[str, str], machines: int) -> dict[str, Any]:
    """The list, once it holds as many machines as it must."""

    async def look() -> dict[str, Any]:
        answer = await http.get("/api/monitoring/my-resources", headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return await eventually(look, lambda body: len(body["resources"]) == machines)


FIGURES = {
    "up": "1",
    "sampled_at": "1763892000",
    "cpu_percent": "12.34",
    "memory_percent": "50",
    "disk_percent": "7",
}


async def test_a_member_sees_their_machines_and_an_operator_all_with_figures(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    hers, free, project = await pool_of_two(event_store)
    FakePrometheus.machines |= {hers: FIGURES, free: FIGURES | {"up": "0"}}
    seen = await resources(http, issuer.headers(MINA), 1)
    assert seen == {
        "prometheus": "up",
        "resources": [
            {
                "vm": {
                    "id": hers,
                    "name": "lab-1",
                    "address": "10.0.0.1",
                    "project_id": project,
                    "owner": "mina",
                    "status": "assigned",
                },
                "up": True,
                "cpu_percent": 12.34,
                "memory_percent": 50.0,
                "disk_percent": 7.0,
                "sampled_at": "2025-11-23T10:00:00Z",
            }
        ],
    }
    everything = (await resources(http, issuer.headers(OPERATOR), 2))["resources"]
    assert [(row["vm"]["name"], row["vm"]["status"], row["vm"]["owner"]) for row in everything] == [
        ("lab-1", "assigned", "mina"),
        ("lab-2", "available", None),
    ]
    assert (everything[1]["up"], everything[1]["cpu_percent"]) == (False, None), "a dead machine has no load"
    assert (await resources(http, issuer.headers(STRANGER), 0)) == {"prometheus": "up", "resources": []}


async def test_a_released_machine_leaves_its_former_holders_list(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    hers, _, project = await pool_of_two(event_store)
    await resources(http, issuer.headers(MINA), 1)
    await happened(event_store, hers, VmReleased(project_id=project, reason="deleted"))
    await resources(http, issuer.headers(MINA), 0)
    statuses = {row["vm"]["status"] for row in (await resources(http, issuer.headers(OPERATOR), 2))["resources"]}
    assert statuses == {"available", "recycling"}


async def test_three_questions_are_enough_for_any_number_of_machines(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    for number in range(60):
        await happened(event_store, str(uuid4()), registered(f"lab-{number}"))
    await resources(http, issuer.headers(OPERATOR), 60)
    FakePrometheus.questions.clear()
    await resources(http, issuer.headers(OPERATOR), 60)
    assert len(FakePrometheus.questions) == 3


@pytest.mark.parametrize("fault", ["slow", "500", "malformed", "truncated", "endless", "elsewhere"])
async def test_a_faulty_prometheus_is_shown_and_the_list_still_comes(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore, fault: str
) -> None:
    hers, *_ = await pool_of_two(event_store)
    FakePrometheus.machines[hers] = FIGURES
    assert (await resources(http, issuer.headers(MINA), 1))["prometheus"] == "up"
    FakePrometheus.fault = fault
    began = time.monotonic()
    seen = await resources(http, issuer.headers(MINA), 1)
    assert time.monotonic() - began < 3
    [row] = seen["resources"]
    assert (seen["prometheus"], row["vm"]["name"], row["up"], row["cpu_percent"]) == ("down", "lab-1", None, None)
    history = await http.get(f"/api/monitoring/vms/{hers}/history", headers=issuer.headers(OPERATOR), timeout=10)
    assert (history.status_code, history.json()["prometheus"]) == (200, "down")


async def test_the_prometheus_of_the_settings_is_asked_from_the_next_request_on(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore, prometheus_url: str
) -> None:
    await pool_of_two(event_store)
    nobody = f"http://127.0.0.1:{free_port()}"
    headers = issuer.headers(OPERATOR)
    assert (await resources(http, headers, 2))["prometheus"] == "up"
    for url, state in [(nobody, "down"), (f"{prometheus_url}/", "up"), ("not a url", "down"), ("", "up")]:
        change = SettingChange(name="prometheus_url", before=None, after=url)
        await happened(event_store, PLATFORM, SettingsChanged(changes=[change]))

        async def look() -> str:
            return str((await resources(http, headers, 2))["prometheus"])

        def wanted(seen: str, state: str = state) -> bool:
            return seen == state

        await eventually(look, wanted)


async def test_a_foreign_an_absent_and_a_malformed_machine_have_no_history(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    hers, free, _ = await pool_of_two(event_store)
    await resources(http, issuer.headers(MINA), 1)

    async def status(machine: str, query: str = "") -> tuple[int, str]:
        answer = await http.get(
            f"/api/monitoring/vms/{machine}/history{query}", headers=issuer.headers(MINA), timeout=10
        )
        return answer.status_code, answer.json().get("type", "")

    assert await status(hers) == (200, "")
    assert await status(free) == await status(str(uuid4())) == (404, "not-found")
    assert await status("x") == await status(hers, "?range=2y") == (422, "malformed-request")


async def test_nobody_gets_in_without_a_token(http: httpx.AsyncClient, issuer: Issuer) -> None:
    for path in ("/api/monitoring/my-resources", f"/api/monitoring/vms/{uuid4()}/history", "/api/activity"):
        assert (await http.get(path)).status_code == 401
        expired = issuer.headers(MINA, seconds=-60)
        assert (await http.get(path, headers=expired)).status_code == 401
    await asyncio.sleep(0)
