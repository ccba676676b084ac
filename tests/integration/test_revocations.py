"""Sessions that were ended are known before the first token counts, and sockets end with them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.client import Client

from hcmp_contracts.account import AccountSuspended, Role
from hcmp_contracts.envelope import CloudEvent
from hcmp_contracts.session import SessionEnded
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore, Write
from hcmp_testkit.nats import NatsServer
from hcmp_webkit.identity import Identity, Principal
from hcmp_webkit.problems import Problem
from hcmp_webkit.revocations import Revocations

CONTEXT = Context(actor="account/1", correlation_id="request-1")
EARLIER = datetime.now(UTC) - timedelta(minutes=1)
MINA = Principal("mina", "mina", Role.USER, "session", EARLIER, EARLIER + timedelta(minutes=15))


async def unused(*_: Any) -> Any:
    raise AssertionError("nobody is asked")


def identity() -> Identity:
    return Identity(fetch_jwks=unused, redeem=unused)


async def suspend(store: EventStore, account: str = "mina") -> None:
    await store.append([Write("account", account, 0, [AccountSuspended(reason="left")])], CONTEXT)


async def end(store: EventStore, session: str) -> None:
    ended = SessionEnded(account_id="mina", reason="signed-out")
    await store.append([Write("session", session, 0, [ended])], CONTEXT)


async def test_a_session_that_was_ended_before_the_start_never_counts(
    event_store: EventStore, broker: Client
) -> None:
    await suspend(event_store)
    known = identity()
    following = asyncio.create_task(known.revocations.follow(broker))
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await known.require_alive(MINA)
    assert refused.value.status == 401
    following.cancel()


async def test_the_end_of_one_session_is_not_the_end_of_another_nor_remembered_for_ever(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await end(event_store, "session")
    known = identity()
    following = asyncio.create_task(known.revocations.follow(broker))
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await known.require_alive(MINA)
    assert refused.value.status == 401
    await known.require_alive(replace(MINA, session_id="another"))

    monkeypatch.setattr("hcmp_webkit.revocations.REMEMBERED", timedelta(0))
    await end(event_store, "third")
    async with asyncio.timeout(5):
        while known.revocations.ended:
            await asyncio.sleep(0.01)
    following.cancel()


async def test_a_start_reads_of_single_sessions_only_those_that_ended_of_late(
    event_store: EventStore, broker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []

    def hear(_: Revocations, subject: str, __: CloudEvent) -> None:
        heard.append(subject)

    monkeypatch.setattr(Revocations, "_hear", hear)
    monkeypatch.setattr("hcmp_webkit.revocations.REMEMBERED", timedelta(0))
    await suspend(event_store)
    await end(event_store, "long-ago")
    for late in ("late", "later"):
        known = Revocations()
        following = asyncio.create_task(known.follow(broker))
        await asyncio.sleep(0)
        await known.past_is_known(seconds=5)
        await end(event_store, late)
        async with asyncio.timeout(5):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
        assert heard == ["hcmp.account.mina.suspended", f"hcmp.session.{late}.ended"]
        following.cancel()
        heard.clear()


async def test_while_the_past_cannot_be_read_no_session_counts(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcmp_webkit.identity.RPC_SECONDS", 0.2)
    async with nats_server.connect() as client:
        known = identity()
        nats_server.kill()
        following = asyncio.create_task(known.revocations.follow(client))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await known.require_alive(MINA)
        assert (refused.value.status, refused.value.slug) == (503, "identity-unavailable")
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_whoever_waits_for_the_end_of_a_session_is_told(event_store: EventStore, broker: Client) -> None:
    known = identity()
    following = asyncio.create_task(known.revocations.follow(broker))
    await asyncio.sleep(0)
    await known.require_alive(MINA)
    waiting = asyncio.create_task(known.until_revoked(MINA))
    await suspend(event_store, "somebody-else")
    await suspend(event_store)
    async with asyncio.timeout(5):
        await waiting
    following.cancel()
