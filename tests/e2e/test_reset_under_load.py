"""A factory reset while eight projects are being configured and two wait, with a terminal and a log open: nothing
of it stays behind but the record.
"""

import asyncio
import json
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from pathlib import Path
from typing import Any, LiteralString

import docker
import psutil
import psycopg
import pytest
from nats.aio.client import Client
from psycopg import sql
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from hcmp_eventstore.connection import connect
from hcmp_eventstore.reader import INACTIVE_SECONDS
from hcmp_eventstore.streams import EVENTS, LOGS, TIMERS
from hcmp_testkit.gateway import Person
from hcmp_testkit.history import eventually
from hcmp_testkit.installation import Installation

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool"), pytest.mark.timeout(300)]

PROJECTS, WAITING, MACHINES = 8, 2, 6
# Tables of the read models, a column that tells them from others of that name, and which of their rows are live.
LIVE: dict[str, tuple[LiteralString, LiteralString]] = {
    "project": ("deleted", "deleted IS NULL"),
    "period": ("status", "valid_to IS NULL AND status <> 'deleted'"),
    "vm": ("status", "status <> 'retired'"),
    "queue": ("project_id", "true"),
    "claim": ("project_id", "true"),
    "sessions": ("session_id", "true"),
}
SCHEMAS = "SELECT table_schema FROM information_schema.columns WHERE table_name = %s AND column_name = %s"


@pytest.fixture
async def eight_machines(operator: Person, full_pool: None) -> None:
    """Two more than all other tests have; the reset takes them."""
    more = {"provider": "docker", "count": PROJECTS - MACHINES}
    imported = await operator.http.post("/api/vms/import", json=more)
    assert imported.status_code == 201, imported.text
    await operator.pool_ready(PROJECTS)


@pytest.mark.usefixtures("eight_machines")
async def test_a_reset_under_a_load_of_eight_projects_leaves_nothing_behind(
    operator: Person, member: Person, installation: Installation
) -> None:
    left = Left(installation)
    before = await left.consumers()
    running = [await provisioned(member, f"load-{number}") for number in range(PROJECTS)]
    waiting = [await provisioned(operator, f"later-{number}", wait=True) for number in range(WAITING)]
    await eventually(left.runs, lambda runs: len(runs) >= PROJECTS, seconds=60)

    async with AsyncExitStack() as stack:
        machine = (await member.project(running[0]))["vms"][0]["id"]
        terminal = await stack.enter_async_context(operator.socket(f"/ws/ssh/{machine}"))
        while json.loads(await text_of(terminal))["type"] != "ready":
            pass
        viewer = await stack.enter_async_context(member.socket(f"/ws/logs/{running[1]}"))
        await viewer.recv()
        assert all((await left.rows()).values()), "each kind of row is there before"
        assert (await left.messages())[LOGS] > 0
        assert len(await left.containers()) == PROJECTS
        order = {"confirm": "RESET", "password": installation.password}
        answer = await operator.http.post("/api/admin/reset", json=order)
        assert answer.status_code == 202, answer.text
        assert (await ended(terminal))[0] == 1008, "the machine is in nobody's hands any more"
        code, last = await ended(viewer)
        assert (code, json.loads(last)["type"]) == (1000, "end")

    async with asyncio.timeout(120):
        while not any(
            entry["kind"] == "system.factory-reset-completed" and entry["summary"]["machines"] == PROJECTS
            for entry in (await operator.get("/api/activity", limit=50))["events"]
        ):
            await asyncio.sleep(0.3)
    for person, project_id in [*((member, one) for one in running), *((operator, one) for one in waiting)]:
        assert (await person.project(project_id))["status"] == "deleted"
    assert sum((await operator.pool()).values()) == 0

    await eventually(left.runs, lambda runs: not runs, seconds=20)
    assert await left.directories() == []
    assert await left.containers() == []
    await eventually(left.consumers, lambda seen: seen == before, seconds=20)
    assert await left.messages() == {LOGS: 0, TIMERS: 0}
    await eventually(left.rows, lambda rows: not any(rows.values()), seconds=20)

    imported = await operator.http.post("/api/vms/import", json={"provider": "docker", "count": MACHINES})
    assert imported.status_code == 201, imported.text
    # With machines of the load still counted this would be too much for one person.
    again = await provisioned(member, "again", template="three-tier")
    cancelled = await member.http.post(f"/api/projects/{again}/cancel")
    assert cancelled.status_code == 202, cancelled.text


async def provisioned(person: Person, name: str, template: str = "single", **more: Any) -> str:
    answer = await person.provision(template, name, **more)
    assert answer.status_code == 202, answer.text
    project_id: str = answer.json()["project_id"]
    return project_id


async def text_of(socket: ClientConnection) -> str:
    """The next text frame; what a shell shows is left out."""
    async with asyncio.timeout(30):
        while not isinstance(frame := await socket.recv(), str):
            pass
        return frame


async def ended(socket: ClientConnection) -> tuple[int | None, str]:
    """Once it is closed: with which code, and the last text frame."""
    last = ""
    async with asyncio.timeout(90):
        try:
            while True:
                frame = await socket.recv()
                last = frame if isinstance(frame, str) else last
        except ConnectionClosed:
            return socket.close_code, last


class Left:
    """What is there of an installation's work, outside its API."""

    def __init__(self, installation: Installation) -> None:
        self._home = installation.home
        self._name = (self._home / "installation").read_text().strip()
        self._runs = Path("/dev/shm") / f"hcmp-{self._name}"
        self._ports = {
            name: int(port)
            for name, _, port in (
                line.partition(" = ") for line in (self._home / "ports.toml").read_text().splitlines()
            )
            if port.isdigit()
        }

    async def runs(self) -> set[str]:
        """Runs with a process: of Ansible, of SSH, or what started them."""

        def look() -> set[str]:
            found = set()
            for process in psutil.process_iter(["cmdline"]):
                for word in process.info["cmdline"] or ():
                    if f"{self._runs}/" in word:
                        found.add(word.partition(f"{self._runs}/")[2].partition("/")[0])
            return found

        return await asyncio.to_thread(look)

    async def directories(self) -> list[str]:
        return await asyncio.to_thread(lambda: sorted(path.name for path in self._runs.glob("*") if path.is_dir()))

    async def containers(self) -> list[str]:
        def look() -> list[str]:
            labels = [f"hcmp.installation={self._name}", "hcmp.machine"]
            with closing(docker.from_env()) as client:
                return [one.name for one in client.containers.list(all=True, filters={"label": labels})]

        return await asyncio.to_thread(look)

    async def consumers(self) -> Counter[str]:
        """Consumers by stream. Readers, which are no durable ones, are counted together: those that somebody reads
        by; the broker itself forgets the others in half a minute.
        """
        async with self._broker("reset") as client:
            found: Counter[str] = Counter()
            for stream in (EVENTS, LOGS):
                for info in await client.jetstream().consumers_info(stream):
                    durable = info.config.durable_name
                    if durable or info.num_waiting:
                        found[f"{stream} {durable or 'reader'}"] += 1
                    else:
                        assert info.config.inactive_threshold == INACTIVE_SECONDS, info
            return found

    async def messages(self) -> dict[str, int]:
        async with self._broker("setup") as client:
            js = client.jetstream()
            return {name: (await js.stream_info(name)).state.messages for name in (LOGS, TIMERS)}

    async def rows(self) -> dict[str, int]:
        """Rows of what is live, by table."""
        server = f"host=127.0.0.1 port={self._ports['postgres']} dbname=hcmp"
        address = f"{server} user=hcmp_administrator password={self._secret('postgres-administrator')}"
        async with await psycopg.AsyncConnection.connect(address) as connection:
            counted = dict.fromkeys(LIVE, 0)
            for table, (column, condition) in LIVE.items():
                found = await connection.execute(SCHEMAS, [table, column])
                for (schema,) in await found.fetchall():
                    count = sql.SQL("SELECT count(*) FROM {}.{} WHERE {}").format(
                        sql.Identifier(schema), sql.Identifier(table), sql.SQL(condition)
                    )
                    [number] = await (await connection.execute(count)).fetchone() or [0]
                    counted[table] += int(number)
        return counted

    def _broker(self, user: str) -> AbstractAsyncContextManager[Client]:
        url = f"nats://127.0.0.1:{self._ports['nats']}"
        return connect(url, name="left", user=user, password=self._secret(f"nats-{user}"))

    def _secret(self, name: str) -> str:
        return (self._home / "secrets" / f"{name}.password").read_text().strip()
