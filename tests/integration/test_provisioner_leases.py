"""Leases end by the broker's timer, whatever was restarted meanwhile, and never too early."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from nats.js.errors import NotFoundError

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.project import (
    CancelRequested,
    LeaseExpired,
    LeaseExtended,
    LeaseWarning,
    PlannedStep,
    ProjectCancelled,
    ProjectProvisioned,
    ProjectRequested,
    ProvisioningFailed,
    ProvisioningStarted,
    RoleCount,
    TeardownStarted,
)
from hcmp_eventstore.store import EventStore, utc_now
from hcmp_eventstore.streams import TIMERS
from hcmp_eventstore.timers import set_timer
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.projects import project_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
STARTED = ProvisioningStarted(attempt=1, worker="w", first_step=1)
COMPLETED = ProjectProvisioned(attempt=1, log_sequence=0)
FAILED = ProvisioningFailed(attempt=1, reason="run-failed", detail="why", log_sequence=0)
CANCELLED = ProjectCancelled(log_sequence=0)
EXPIRED = [LeaseExpired(), TeardownStarted(reason="lease-expired")]


@pytest.fixture
async def api(nats_server: NatsServer, database_url: str, event_store: EventStore) -> AsyncIterator[None]:
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS):
        yield


async def leased(store: EventStore, ends_at: datetime | None, *then: DomainEvent, held_back: bool = False) -> str:
    """A project with this lease, and what happened to it since."""
    project_id = str(uuid4())
    asked = ProjectRequested(
        name="shop",
        owner_id="kim",
        owner_username="kim",
        template="single",
        packages=[],
        roles=[RoleCount(name="all", count=1)],
        steps=[PlannedStep(number=1, name="Prepare", play="a.yml")],
        lease_expires_at=ends_at,
        held_back=held_back,
        needs_approval=held_back,
    )
    await happened(store, project_id, asked, *then)
    return project_id


async def events(store: EventStore, project_id: str) -> list[DomainEvent]:
    return [recorded.event for recorded in await store.load("project", project_id)]


async def expired(store: EventStore, project_id: str, *, seconds: float = 10) -> None:
    await eventually(lambda: events(store, project_id), lambda seen: seen[-2:] == EXPIRED, seconds)


async def timer(store: EventStore, project_id: str, *, kind: str = "lease") -> datetime | None:
    """When the project's timer is due; None when none is set."""
    try:
        message = await store.client.jetstream().get_last_msg(TIMERS, f"hcmp.timer.{kind}.{project_id}")
    except NotFoundError:
        return None
    return datetime.fromisoformat((message.headers or {})["Nats-Schedule"].removeprefix("@at "))


@pytest.mark.usefixtures("api")
async def test_a_project_that_is_over_is_taken_down_when_its_lease_ends(event_store: EventStore) -> None:
    ends_at = utc_now() + timedelta(seconds=2)
    ends = ([STARTED, COMPLETED], [STARTED, FAILED], [STARTED, CancelRequested(), CANCELLED])
    projects = [await leased(event_store, ends_at, *end) for end in ends]
    unlimited = await leased(event_store, None, STARTED, COMPLETED)
    for project_id, end in zip(projects, ends, strict=True):
        await expired(event_store, project_id)
        history = await event_store.load("project", project_id)
        assert [recorded.event for recorded in history][1:] == [*end, *EXPIRED]
        over = history[-1].envelope
        assert over.time >= ends_at
        assert (over.actor, over.causationid) == ("service/provisioner", history[0].envelope.id)
        assert await timer(event_store, project_id) is None
    assert (await events(event_store, unlimited))[1:] == [STARTED, COMPLETED]


@pytest.mark.usefixtures("api")
async def test_a_request_that_still_waits_when_its_lease_ends_waits_no_longer(event_store: EventStore) -> None:
    project_id = await leased(event_store, utc_now() + timedelta(seconds=1), held_back=True)
    await expired(event_store, project_id, seconds=20)
    assert (await events(event_store, project_id))[1:3] == [CancelRequested(), CANCELLED]


@pytest.mark.usefixtures("api")
async def test_an_extended_lease_ends_at_its_new_end_only(event_store: EventStore) -> None:
    ends_at = utc_now() + timedelta(seconds=1)
    later = ends_at + timedelta(days=2)
    project_id = await leased(event_store, ends_at, STARTED, COMPLETED)
    await happened(event_store, project_id, LeaseExtended(before=ends_at, after=later))
    await eventually(lambda: timer(event_store, project_id), lambda at: at == later)

    # A timer that is due too early, of the lease as it was before, is set anew for the real end.
    [asked, *_] = await event_store.load("project", project_id)
    await set_timer(
        event_store.client,
        name=f"hcmp.timer.lease.{project_id}",
        target=f"hcmp.timer.lease-due.{project_id}",
        at=ends_at,
        payload=asked.envelope.model_dump_json().encode(),
    )
    await eventually(lambda: timer(event_store, project_id), lambda at: at == later)

    assert len(await events(event_store, project_id)) == 4, "nothing but the extension happened"
    soon = utc_now() + timedelta(seconds=1)
    await happened(event_store, project_id, LeaseExtended(before=later, after=soon))
    await expired(event_store, project_id)


@pytest.mark.usefixtures("api")
async def test_a_lease_that_ends_during_a_run_waits_for_its_end(event_store: EventStore) -> None:
    ends_at = utc_now() + timedelta(seconds=0.5)
    project_id = await leased(event_store, ends_at, STARTED)

    async def waiting() -> datetime | None:
        return await timer(event_store, project_id)

    await eventually(waiting, lambda at: at is not None and at > ends_at + timedelta(seconds=2))
    assert (await events(event_store, project_id))[1:] == [STARTED]
    await happened(event_store, project_id, COMPLETED)
    await expired(event_store, project_id)


async def warnings(store: EventStore, project_id: str) -> list[tuple[datetime, int]]:
    return [(e.ends_at, e.hours) for e in await events(store, project_id) if isinstance(e, LeaseWarning)]


async def warning_timer(store: EventStore, project_id: str, hours: int) -> datetime | None:
    return await timer(store, f"{hours}.{project_id}", kind="lease-warning")


async def test_people_are_warned_a_day_and_an_hour_before_whatever_was_down_meanwhile(
    nats_server: NatsServer, database_url: str, event_store: EventStore
) -> None:
    tomorrow, soon = utc_now() + timedelta(days=1, seconds=6), utc_now() + timedelta(hours=1, seconds=6)
    long = await leased(event_store, tomorrow, STARTED, COMPLETED)
    short = await leased(event_store, soon, STARTED, COMPLETED)
    extended = await leased(event_store, soon, STARTED, COMPLETED)
    gone = await leased(event_store, soon, STARTED, COMPLETED)
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS):
        await eventually(
            lambda: warning_timer(event_store, long, 24), lambda at: at == tomorrow - timedelta(days=1)
        )
        for project_id in (short, extended, gone):
            await eventually(
                lambda: warning_timer(event_store, project_id, 1),  # noqa: B023 - asked before the next
                lambda at: at == soon - timedelta(hours=1),
            )
        assert await warning_timer(event_store, short, 24) is None, "whoever chose a short lease knows"
        later = soon + timedelta(days=7)
        await happened(event_store, extended, LeaseExtended(before=soon, after=later))
        await eventually(
            lambda: warning_timer(event_store, extended, 1), lambda at: at == later - timedelta(hours=1)
        )
    await happened(event_store, gone, TeardownStarted(reason="requested"))
    nats_server.kill()
    await eventually(lambda: connected(event_store), lambda up: not up)
    nats_server.start()
    await eventually(lambda: connected(event_store), bool)
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS):
        await eventually(lambda: warnings(event_store, long), lambda seen: seen == [(tomorrow, 24)])
        await eventually(lambda: warnings(event_store, short), lambda seen: seen == [(soon, 1)])
        assert await warnings(event_store, extended) == []
        assert await warnings(event_store, gone) == []


async def test_a_lease_ends_although_broker_and_service_were_down(
    nats_server: NatsServer, database_url: str, event_store: EventStore
) -> None:
    ends_at = utc_now() + timedelta(seconds=6)
    project_id = await leased(event_store, ends_at, STARTED, COMPLETED)
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS):
        await eventually(lambda: timer(event_store, project_id), lambda at: at == ends_at)
    nats_server.kill()
    await asyncio.sleep(max(0, (ends_at - utc_now()).total_seconds()) + 0.5)
    nats_server.start()
    await eventually(lambda: connected(event_store), bool)
    async with project_lab(nats_server, database_url, event_store, PLAYBOOKS):
        await expired(event_store, project_id)


async def connected(store: EventStore) -> bool:
    return store.client.is_connected
