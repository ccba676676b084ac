"""Inside a service that is tried by faults: the points at which a test may have it killed.

Set from outside (`inside/sitecustomize.py`) around the doors through which every fact passes: an append, an
acknowledgement, a projector's commit. The services know nothing of it.
"""

import os
import signal
from collections.abc import Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from nats.aio.msg import Msg
from psycopg import AsyncTransaction

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore, Write
from hcmp_testkit.moments import Ambush, Moments, Point

# The events whose rows the running transaction of a projector holds.
_applying: ContextVar[frozenset[str]] = ContextVar("applying", default=frozenset())


@dataclass
class Trap:
    """Looks at every point whether somebody lies in ambush for it."""

    folder: Path
    process: str
    _came: dict[Ambush, int] = field(default_factory=dict)

    @property
    def moments(self) -> Moments:
        return Moments(self.folder)

    def reach(self, point: Point, names: Collection[str]) -> None:
        """The process is at this point now, with these things."""
        ambush = self.moments.waiting(self.process)
        if ambush is None or ambush.point != point or ambush.what not in names:
            return
        self._came[ambush] = self._came.get(ambush, 0) + 1
        if self._came[ambush] == ambush.nth:
            del self._came[ambush]
            self.moments.spring(self.process)
            os.kill(ambush.victim or os.getpid(), signal.SIGKILL)


def event_of(subject: str) -> str:
    """`vm.reserved` of `hcmp.vm.42.reserved`."""
    _, aggregate, *_, verb = subject.split(".")
    return f"{aggregate}.{verb}"


def set_traps(trap: Trap) -> None:
    _around_appends(trap)
    _around_acknowledgements(trap)
    _around_commits(trap)


def _around_appends(trap: Trap) -> None:
    original = EventStore.append

    async def append(self: EventStore, writes: Sequence[Write], context: Context) -> int:
        names = {f"{write.aggregate}.{event.verb()}" for write in writes for event in write.events}
        trap.reach("before append", names)
        sequence = await original(self, writes, context)
        trap.reach("after append", names)
        return sequence

    EventStore.append = append  # type: ignore[method-assign]


def _around_acknowledgements(trap: Trap) -> None:
    original = Msg.ack

    async def ack(self: Msg) -> None:
        names = {f"{self.metadata.consumer} {event_of(self.subject)}"}
        trap.reach("before ack", names)
        await original(self)
        await self._client.flush()  # so that the broker has it
        trap.reach("after ack", names)

    Msg.ack = ack  # type: ignore[method-assign]


def _around_commits(trap: Trap) -> None:
    """Of projectors only: what else a service commits is no read model."""
    apply, end = Projector._apply, AsyncTransaction.__aexit__  # noqa: SLF001 - the door is inside

    async def named(self: Projector, connection: Any, events: Sequence[Recorded[DomainEvent]]) -> None:
        token = _applying.set(frozenset(event_of(recorded.envelope.subject) for recorded in events))
        try:
            await apply(self, connection, events)
        finally:
            _applying.reset(token)

    async def commit(
        self: AsyncTransaction,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            trap.reach("before commit", _applying.get())
        swallowed = await end(self, kind, error, trace)
        if error is None:
            trap.reach("after commit", _applying.get())
        return swallowed

    Projector._apply = named  # type: ignore[method-assign] # noqa: SLF001
    AsyncTransaction.__aexit__ = commit  # type: ignore[method-assign, assignment]
