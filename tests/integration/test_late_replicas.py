"""A replica that answers late: no decision is made on what it has missed, neither a refusal nor that there
is nothing to do.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.decider import Decider, Decision, Loaded, execute, load
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened
from hcmp_testkit.nats import NatsServer

CONTEXT = Context(actor="account/1", correlation_id="request-1")
STARTED = VmMaintenanceStarted(reason="disk")


class NotInMaintenanceError(Exception):
    pass


def decide(command: str, started: bool) -> list[VmMaintenanceStarted | VmMaintenanceEnded]:
    match command:
        case "end" if not started:
            raise NotInMaintenanceError
        case "end":
            return [VmMaintenanceEnded()]
        case "end if started":
            return [VmMaintenanceEnded()] if started else []
        case _:
            return [STARTED]


MACHINE: Decider[str, bool, VmMaintenanceStarted | VmMaintenanceEnded] = Decider(
    "vm", initial=False, decide=decide, evolve=lambda _, event: isinstance(event, VmMaintenanceStarted)
)


class AnswersLate(EventStore):
    """Its first answers of each aggregate lack the last event."""

    missing: dict[str, int]

    async def _read(self, subject: str) -> list[Recorded[DomainEvent]]:
        events = await super()._read(subject)
        if self.missing.setdefault(subject, 3):
            self.missing[subject] -= 1
            return events[:-1]
        return events


@pytest.fixture
async def store(nats_cluster: list[NatsServer]) -> AsyncIterator[EventStore]:
    async with nats_cluster[0].connect() as client:
        late = AnswersLate(client, source="test")
        late.missing = {}
        yield late


def to(name: str, command: str) -> Decision[Any, Any, Any]:
    return Decision(MACHINE, name, command)


async def test_a_refusal_on_what_a_replica_missed_is_decided_again(store: EventStore) -> None:
    name = uuid7().hex
    started = await happened(EventStore(store.client, source="test"), name, STARTED)
    assert await execute(store, [to(name, "end")], CONTEXT) > started


async def test_that_there_is_nothing_to_do_is_not_believed_of_a_replica(store: EventStore) -> None:
    name, other = uuid7().hex, uuid7().hex
    await happened(EventStore(store.client, source="test"), name, STARTED)
    await execute(store, [to(name, "end if started"), to(other, "start")], CONTEXT)
    assert not (await load(store, MACHINE, name)).state
    assert (await load(store, MACHINE, other)).state


async def test_a_refusal_that_stands_is_raised(store: EventStore) -> None:
    name = uuid7().hex
    await happened(EventStore(store.client, source="test"), name, STARTED, VmMaintenanceEnded())
    with pytest.raises(NotInMaintenanceError):
        await execute(store, [to(name, "end")], CONTEXT)


async def test_a_state_is_loaded_as_the_leader_has_it(store: EventStore) -> None:
    name = uuid7().hex
    version = await happened(EventStore(store.client, source="test"), name, STARTED)
    assert await load(store, MACHINE, name) == Loaded(state=True, version=version)
