"""The feed of who did what: its pages, its filters, who may see it, and how it goes on live."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hcmp_contracts.account import AccountRegistered, AccountSessionsRevoked, Role
from hcmp_contracts.project import PlannedStep, ProjectRequested, RoleCount
from hcmp_contracts.session import SessionEnded
from hcmp_contracts.settings import PLATFORM, MaintenanceEnabled
from hcmp_contracts.terminal_session import TerminalSessionClosed, TerminalSessionOpened
from hcmp_contracts.vm import VmRegistered, VmReleased, VmReserved
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import ServiceProcess, running

MINA = Account("mina")
STRANGER = Account("stranger")
OPERATOR = Account("operator", role="admin")


@pytest.fixture
async def issuer(event_store: EventStore) -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with issuer.answering(event_store.client):
        yield issuer


@pytest.fixture
async def service(nats_server: NatsServer, database_url: str, issuer: Issuer) -> AsyncIterator[ServiceProcess]:
    async with running("hcmp_monitor", nats=nats_server, database_url=database_url) as process:
        yield process


@pytest.fixture
async def http(service: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url) as client:
        yield client


class Story:
    """mina asks for a project, gets a machine, an operator looks at it with a shell, and it is released."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.project, self.vm, self.session = str(uuid4()), str(uuid4()), str(uuid4())

    async def happens(self) -> int:
        store, actor = self.store, f"account/{OPERATOR.id}"
        for account in (MINA, STRANGER, OPERATOR):
            await happened(store, account.id, registered(account), actor=f"account/{account.id}")
        await happened(store, self.vm, machine("lab-1"), actor=actor)
        await happened(store, self.project, requested("shop", MINA), actor=f"account/{MINA.id}")
        reserved = VmReserved(project_id=self.project, owner_id=MINA.id, role="web")
        await happened(store, self.vm, reserved, actor="service/inventory")
        await happened(store, PLATFORM, MaintenanceEnabled(message="disk"), actor=actor)
        opened = TerminalSessionOpened(
            vm_id=self.vm,
            vm_name="lab-1",
            project_id=self.project,
            account_id=OPERATOR.id,
            username="operator",
        )
        await happened(store, self.session, opened, actor=actor)
        await happened(store, self.session, TerminalSessionClosed(exit_status=0, reason="exited"), actor=actor)
        return await happened(
            store, self.vm, VmReleased(project_id=self.project, reason="deleted"), actor="service/inventory"
        )


def registered(account: Account) -> AccountRegistered:
    return AccountRegistered(
        username=account.username,
        full_name="",
        email="a@example.org",
        role=Role(account.role),
        machine_quota=9,
    )


def requested(name: str, owner: Account) -> ProjectRequested:
    return ProjectRequested(
        name=name,
        owner_id=owner.id,
        owner_username=owner.username,
        template="single",
        packages=["htop"],
        roles=[RoleCount(name="all", count=1)],
        steps=[PlannedStep(number=1, name="Prepare", play="a.yml")],
    )


def machine(name: str) -> VmRegistered:
    return VmRegistered(
        name=name,
        address="10.0.0.1",
        ssh_host="127.0.0.1",
        ssh_port=22,
        ssh_user="hcmp",
        exporter_host="127.0.0.1",
        exporter_port=9100,
        provider="static",
        provider_ref=name,
        host_key="ssh-ed25519 AAAA",
        credential="ciphertext",
    )


async def feed(http: httpx.AsyncClient, headers: dict[str, str], **filters: Any) -> list[dict[str, Any]]:
    answer = await http.get("/api/activity", headers=headers, params={"limit": 100} | filters)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["events"]
    return events


async def kinds(http: httpx.AsyncClient, headers: dict[str, str], **filters: Any) -> list[str]:
    return [event["kind"] for event in await feed(http, headers, **filters)]


async def told(http: httpx.AsyncClient, issuer: Issuer, sequence: int) -> None:
    """Wait until the feed has come this far."""

    async def newest() -> int:
        events = await feed(http, issuer.headers(OPERATOR), limit=1)
        return int(events[0]["sequence"]) if events else 0

    await eventually(newest, lambda seen: seen >= sequence, seconds=30)


MINAS = [
    "vm.released",
    "terminal-session.closed",
    "terminal-session.opened",
    "vm.reserved",
    "project.requested",
    "account.registered",
]


async def test_everyone_sees_what_concerns_them_and_an_operator_everything(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    story = Story(event_store)
    await told(http, issuer, await story.happens())
    assert await kinds(http, issuer.headers(MINA)) == MINAS
    assert await kinds(http, issuer.headers(STRANGER)) == ["account.registered"]
    everything = await kinds(http, issuer.headers(OPERATOR))
    assert len(everything) == 10
    assert "settings.maintenance-enabled" in everything
    assert "ciphertext" not in json.dumps(await feed(http, issuer.headers(OPERATOR)))

    closed = next(e for e in await feed(http, issuer.headers(MINA)) if e["kind"] == "terminal-session.closed")
    assert closed["actor"] == {"kind": "account", "id": OPERATOR.id, "name": "operator"}
    assert closed["vm"] == {"id": story.vm, "name": "lab-1"}
    assert closed["project"] == {"id": story.project, "name": "shop"}
    assert closed["account"] == {"id": OPERATOR.id, "name": "operator"}
    assert closed["summary"] == {"exit_status": 0, "reason": "exited"}


async def test_the_end_of_a_session_concerns_its_account(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    for account in (MINA, STRANGER):
        await happened(event_store, account.id, registered(account), actor=f"account/{account.id}")
    ended = SessionEnded(account_id=MINA.id, reason="token-reused")
    await told(http, issuer, await happened(event_store, str(uuid4()), ended, actor="service/auth"))
    for reader in (MINA, OPERATOR):
        [entry] = await feed(http, issuer.headers(reader), kind="session")
        assert (entry["kind"], entry["summary"]) == ("session.ended", {"reason": "token-reused"})
        assert entry["account"] == {"id": MINA.id, "name": "mina"}
    assert await kinds(http, issuer.headers(STRANGER)) == ["account.registered"]


async def test_filters_narrow_the_feed_and_never_widen_it(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    story = Story(event_store)
    await told(http, issuer, await story.happens())
    mina, operator, stranger = (issuer.headers(who) for who in (MINA, OPERATOR, STRANGER))
    assert await kinds(http, mina, project=story.project) == MINAS[:-1]
    assert await kinds(http, stranger, project=story.project) == []
    assert await kinds(http, stranger, vm=story.vm) == []
    assert await kinds(http, mina, kind="vm") == ["vm.released", "vm.reserved"]
    assert await kinds(http, mina, kind="vm.reserved") == ["vm.reserved"]
    assert await kinds(http, operator, vm=story.vm, kind="vm.registered") == ["vm.registered"]
    assert await kinds(http, mina, actor="operator") == ["terminal-session.closed", "terminal-session.opened"]
    assert await kinds(http, mina, actor=OPERATOR.id) == await kinds(http, mina, actor="operator")
    assert await kinds(http, mina, actor="inventory") == ["vm.released", "vm.reserved"]
    assert await kinds(http, mina, until="2020-01-01T00:00:00Z") == []
    assert await kinds(http, mina, since="2020-01-01T00:00:00Z") == MINAS


async def test_pages_follow_each_other_without_gap_or_repeat(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    await told(http, issuer, await Story(event_store).happens())
    cursor, seen = None, []
    while True:
        parameters = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/api/activity", headers=issuer.headers(MINA), params=parameters)).json()
        seen += [event["kind"] for event in page["events"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if len(seen) == 4:
            await happened(event_store, PLATFORM, MaintenanceEnabled(message="again"))
    assert seen == MINAS


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=LTE=",
        "kind=VM",
        "kind=vm'",
        "actor=%00",
        "project=1",
        "limit=0",
        "limit=501",
        "since=soon",
    ],
)
async def test_a_malformed_question_is_refused(http: httpx.AsyncClient, issuer: Issuer, query: str) -> None:
    answer = await http.get(f"/api/activity?{query}", headers=issuer.headers(MINA))
    assert (answer.status_code, answer.json()["type"]) == (422, "malformed-request")


@asynccontextmanager
async def stream(
    http: httpx.AsyncClient, headers: dict[str, str], after: int | None = None
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The live feed's events, parsed; each keeps the `id` that came with it as `sequence`."""
    more = {} if after is None else {"Last-Event-ID": str(after)}
    async with http.stream("GET", "/api/activity/stream", headers=headers | more, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async with aclosing(_events(answer)) as events:
            yield events


async def _events(answer: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
    sequence = ""
    async for line in answer.aiter_lines():
        if line.startswith("id: "):
            sequence = line[4:]
        if line.startswith("data: "):
            event = json.loads(line[6:])
            assert str(event["sequence"]) == sequence
            yield event


async def test_the_live_feed_goes_on_behind_the_last_event_that_was_seen(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    story = Story(event_store)
    await told(http, issuer, await story.happens())
    first = (await feed(http, issuer.headers(MINA)))[-1]["sequence"]
    async with stream(http, issuer.headers(MINA), after=first) as events:
        assert [(await anext(events))["kind"] for _ in MINAS[:-1]] == MINAS[-2::-1]
        await happened(event_store, PLATFORM, MaintenanceEnabled(message="not for mina"))
        await happened(event_store, str(uuid4()), requested("second", MINA))
        assert (await anext(events))["summary"]["name"] == "second"


async def test_without_a_last_event_the_live_feed_begins_now(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    await told(http, issuer, await Story(event_store).happens())
    async with stream(http, issuer.headers(OPERATOR)) as events:
        sequence = await happened(event_store, PLATFORM, MaintenanceEnabled(message="now"))
        assert (await anext(events))["sequence"] == sequence


async def test_the_live_feed_ends_when_the_session_is_revoked(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    await happened(event_store, MINA.id, registered(MINA))
    async with asyncio.timeout(5), stream(http, issuer.headers(MINA), after=0) as events:
        assert (await anext(events))["kind"] == "account.registered"
        began = asyncio.get_running_loop().time()
        await happened(event_store, MINA.id, AccountSessionsRevoked(reason="signed out everywhere"))
        assert [event["kind"] async for event in events] in ([], ["account.sessions-revoked"])
        assert asyncio.get_running_loop().time() - began < 1


async def test_an_account_follows_a_bounded_number_of_feeds(
    http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    headers = issuer.headers(MINA)
    async with stream(http, headers), stream(http, headers), stream(http, headers), stream(http, headers):
        async with stream(http, headers), stream(http, headers), stream(http, headers), stream(http, headers):
            refused = await http.get("/api/activity/stream", headers=headers)
            assert (refused.status_code, refused.json()["type"]) == (429, "too-many-streams")
            async with stream(http, issuer.headers(OPERATOR)):
                pass

        async def again() -> int:
            async with http.stream("GET", "/api/activity/stream", headers=headers) as answer:
                return answer.status_code

        assert await eventually(again, lambda status: status == 200)


async def test_a_feed_that_nobody_reads_costs_no_memory(
    service: ServiceProcess, http: httpx.AsyncClient, issuer: Issuer, event_store: EventStore
) -> None:
    async with stream(http, issuer.headers(OPERATOR)):
        before = service.resident_bytes()
        big = "x" * 20_000
        last = 0
        for number in range(3000):
            last = await happened(event_store, f"p{number}", requested(big, MINA))
        await told(http, issuer, last)
        grown = service.resident_bytes() - before
        assert grown < 40 * 1024 * 1024, f"{grown} bytes more, for 60 MB of events"
