"""What follows when a machine changes hands or a copy of this service dies: shells and sessions end.

Several copies of this service may run. Each knows its own shells; before a session without a shell is closed,
all copies are asked.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from prometheus_client import Gauge
from psycopg import OperationalError

from hcmp_eventstore.errors import EventStoreError
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_terminal.domain.machine import Machine
from hcmp_terminal.domain.session import Close, Reason
from hcmp_terminal.handlers import record
from hcmp_terminal.projections.machines import machines_of
from hcmp_terminal.projections.sessions import open_sessions

log = structlog.get_logger(__name__)

HELD = "hcmp.rpc.terminal.held-sessions"
ANSWER_SECONDS = 1.0
SWEEP_SECONDS = 60.0
RETRY_SECONDS = 0.5
WATCH_SECONDS = 3600.0

SHELLS = Gauge("hcmp_terminal_shells", "Shells that this process holds open")


@dataclass(frozen=True)
class LiveShell:
    """A shell that this process holds: `released` is set when its machine is no longer in the same hands."""

    machine: Machine
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class LiveShells:
    """The shells of this process by session id."""

    by_session: dict[str, LiveShell] = field(default_factory=dict)

    @contextmanager
    def holding(self, session_id: str, machine: Machine) -> Iterator[LiveShell]:
        self.by_session[session_id] = shell = LiveShell(machine)
        SHELLS.set(len(self.by_session))
        try:
            yield shell
        finally:
            del self.by_session[session_id]
            SHELLS.set(len(self.by_session))

    async def release(self, pool: Pool) -> None:
        """Tell each shell whose machine is gone, recycled or in other hands."""
        held = list(self.by_session.values())  # one that begins during the query is not in its answer
        if not held:
            return
        machines = await machines_of(pool, [shell.machine.vm_id for shell in held])
        for shell in held:
            now = machines.get(shell.machine.vm_id)
            if now is None or not shell.machine.same_hands(now):
                shell.released.set()


async def end_released(projector: Projector, pool: Pool, shells: LiveShells) -> None:
    """After each move of the read model, end the shells on machines that changed hands; for ever."""

    async def look() -> None:
        await shells.release(pool)

    while True:
        try:
            await projector.watch(look, timeout=WATCH_SECONDS)
        except OperationalError as error:
            log.warning("read_model_not_reached", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)


async def tell_held(client: Client, shells: LiveShells) -> None:
    """Answer, for ever, which of the sessions that somebody asks about are held here."""

    async def answer(message: Msg) -> None:
        asked = json.loads(message.data)
        await message.respond(json.dumps([session for session in asked if session in shells.by_session]).encode())

    subscription = await client.subscribe(HELD, cb=answer)
    try:
        await asyncio.Event().wait()
    finally:
        if client.is_connected:
            await subscription.unsubscribe()


@dataclass(frozen=True)
class Sweeper:
    """Closes the sessions whose process died before it could."""

    client: Client
    store: EventStore
    projector: Projector
    pool: Pool

    async def run(self) -> None:
        """Sweep when the read model has caught up, and every SWEEP_SECONDS from then on."""
        while True:
            if not self.projector.caught_up:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                await self.sweep()
            except (OperationalError, EventStoreError, NatsError) as error:
                log.warning("sweep_failed", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> list[str]:
        """Close the sessions that nobody holds. A session is held before it is on record, and until it is
        recorded as closed, so that one which is on record and not held is lost.
        """
        recorded = [row.session_id for row in await open_sessions(self.pool)]
        held = await self._held(recorded) if recorded else set()
        lost = [session_id for session_id in recorded if session_id not in held]
        for session_id in lost:
            context = Context(actor="service/terminal", correlation_id=session_id)
            await record(self.store, session_id, Close(reason=Reason.SERVICE_LOST), context)
        return lost

    async def _held(self, session_ids: Sequence[str]) -> set[str]:
        """What the copies of this service answer within ANSWER_SECONDS."""
        held: set[str] = set()
        inbox = self.client.new_inbox()

        async def collect(message: Msg) -> None:
            held.update(json.loads(message.data or b"[]"))

        subscription = await self.client.subscribe(inbox, cb=collect)
        try:
            await self.client.publish(HELD, json.dumps(session_ids).encode(), reply=inbox)
            await asyncio.sleep(ANSWER_SECONDS)
        finally:
            await subscription.unsubscribe()
        return held
