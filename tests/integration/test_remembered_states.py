"""Commands on aggregates that this process decided on last: nothing is loaded, and nothing old is believed."""

from typing import Any

import pytest
from nats.aio.client import Client
from uuid_utils.compat import uuid7

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.vm import VmMaintenanceEnded, VmMaintenanceStarted
from hcmp_eventstore.decider import Decider, Decision, execute, load
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_testkit.history import happened

CONTEXT = Context(actor="account/1", correlation_id="request-1")
STARTED = VmMaintenanceStarted(reason="disk")
ENDED = VmMaintenanceEnded()


class InMaintenanceError(Exception):
    pass


def decide(command: str, started: bool) -> list[VmMaintenanceStarted | VmMaintenanceEnded]:
    match command:
        case "start" if started:
            raise InMaintenanceError
        case "start" | "start anyhow" if not started:
            return [STARTED]
        case "end" if started:
            return [ENDED]
        case _:
            return []


MACHINE: Decider[str, bool, VmMaintenanceStarted | VmMaintenanceEnded] = Decider(
    "vm", initial=False, decide=decide, evolve=lambda _, event: isinstance(event, VmMaintenanceStarted)
)


class Counting(EventStore):
    """Counts how often an aggregate is loaded."""

    loads = 0

    async def _read(self, subject: str) -> list[Recorded[DomainEvent]]:
        self.loads += 1
        return await super()._read(subject)


@pytest.fixture
def store(broker: Client) -> Counting:
    return Counting(broker, source="test")


def to(name: str, command: str) -> Decision[Any, Any, Any]:
    return Decision(MACHINE, name, command)


async def test_the_next_command_of_an_aggregate_loads_nothing(store: Counting) -> None:
    name, other = uuid7().hex, uuid7().hex
    await execute(store, [to(name, "start"), to(other, "start")], CONTEXT)
    loaded = store.loads
    await execute(store, [to(name, "end"), to(other, "end")], CONTEXT)
    await execute(store, [to(other, "start")], CONTEXT)
    assert store.loads == loaded
    assert [(await load(store, MACHINE, vm)).state for vm in (name, other)] == [False, True]


async def test_what_another_process_did_meanwhile_is_seen(store: Counting, event_store: EventStore) -> None:
    name = uuid7().hex
    await execute(store, [to(name, "start")], CONTEXT)
    await happened(event_store, name, ENDED, STARTED, ENDED)
    last = await execute(store, [to(name, "start")], CONTEXT)
    assert [recorded.event for recorded in await store.load("vm", name)][-2:] == [ENDED, STARTED]
    assert (await load(store, MACHINE, name)).version == last


async def test_a_refusal_is_made_only_on_what_is_loaded(store: Counting, event_store: EventStore) -> None:
    name = uuid7().hex
    await execute(store, [to(name, "start")], CONTEXT)
    with pytest.raises(InMaintenanceError):
        await execute(store, [to(name, "start")], CONTEXT)
    await execute(store, [to(name, "end")], CONTEXT)
    await execute(store, [to(name, "start")], CONTEXT)
    await happened(event_store, name, ENDED)
    await execute(store, [to(name, "start")], CONTEXT)


async def test_that_there_is_nothing_to_do_is_decided_only_on_what_is_loaded(
    store: Counting, event_store: EventStore
) -> None:
    name = uuid7().hex
    await execute(store, [to(name, "start")], CONTEXT)
    await happened(event_store, name, ENDED)
    await execute(store, [to(name, "start anyhow")], CONTEXT)
    assert (await load(store, MACHINE, name)).state
