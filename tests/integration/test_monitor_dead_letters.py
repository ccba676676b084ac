"""A reaction that gives up shows to operators in the feed of who did what, and to nobody else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceStarted
from hcmp_eventstore.errors import RejectedEventError
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.reader import last_sequence
from hcmp_eventstore.recorded import Recorded
from hcmp_eventstore.store import EventStore
from hcmp_eventstore.streams import DEAD_LETTERS
from hcmp_testkit.history import eventually, happened
from hcmp_testkit.issuer import Account, Issuer
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import running

OPERATOR, MINA = Account("operator", role="admin"), Account("mina")


@pytest.fixture
async def issuer(event_store: EventStore) -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with issuer.answering(event_store.client):
        yield issuer


async def give_up(store: EventStore, vm: str) -> None:
    """An event on which a reaction gives up at once."""

    async def refuse(_: Recorded[DomainEvent]) -> None:
        raise RejectedEventError("no such engine")

    async def buried() -> int:
        subjects = [f"hcmp.deadletter.inventory.{reactor.name}"]
        return await last_sequence(store.client, stream=DEAD_LETTERS, subjects=subjects)

    reactor = Reactor(store.client, "inventory", f"recycling-{vm[:8]}", [f"hcmp.vm.{vm}.*"], refuse)
    await happened(store, vm, VmMaintenanceStarted(reason="disk"))
    reacting = asyncio.create_task(reactor.run())
    await eventually(buried, bool, 10)
    reacting.cancel()
    await asyncio.gather(reacting, return_exceptions=True)


async def test_operators_see_what_a_reaction_gave_up_on_once(
    nats_server: NatsServer, database_url: str, event_store: EventStore, issuer: Issuer
) -> None:
    vms = [str(uuid4()) for _ in range(2)]
    await give_up(event_store, vms[0])

    async def told(http: httpx.AsyncClient, account: Account) -> list[dict[str, Any]]:
        answer = await http.get("/api/activity", params={"kind": "dead-letter"}, headers=issuer.headers(account))
        return answer.json()["events"]  # type: ignore[no-any-return]

    async def shown(count: int) -> list[dict[str, Any]]:
        """What a monitor that starts now shows to operators, once it has so many; to others it shows nothing."""
        async with (
            running("hcmp_monitor", nats=nats_server, database_url=database_url) as service,
            httpx.AsyncClient(base_url=service.url) as http,
        ):
            entries = await eventually(lambda: told(http, OPERATOR), lambda found: len(found) >= count, 10)
            assert await told(http, MINA) == []
            return entries

    assert len(await shown(1)) == 1
    await give_up(event_store, vms[1])
    entries = await shown(2)  # it goes on behind what the first monitor recorded
    assert [entry["summary"]["letter_subject"] for entry in entries] == [
        f"hcmp.vm.{vm}.maintenance-started" for vm in reversed(vms)
    ]
    entry = entries[0]
    assert entry["kind"] == "dead-letter.recorded"
    assert entry["actor"]["id"] == "monitor"
    assert entry["summary"]["reactor"] == f"inventory-recycling-{vms[1][:8]}"
    assert entry["summary"]["reason"] == "no such engine"
    assert entry["summary"]["letter_type"] == "hcmp.vm.maintenance-started.v1"
