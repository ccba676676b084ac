"""The fair reactor: of the events that wait, the one whose owner is served least comes next, not the oldest.

Whenever a slot is free, everything that waits is looked at for a moment and all but the chosen events are handed
back at once. So an event never lies with a process that cannot begin it while another could, a process that dies
takes nothing with it but what it had begun, and no state is shared: each process is fair by what it has run.

A consumer of JetStream knows no fairness of its own: its priority groups rank the clients that ask, not the
messages. Source: NATS ADR-42; ADR-13 for pull requests with `no_wait`.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from hcmp_contracts.catalogue import UnknownEventError
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.pull import ConsumerLostError, Puller
from hcmp_eventstore.reactor import RETRY_SECONDS, Reactor
from hcmp_eventstore.recorded import Recorded, read_recorded

log = structlog.get_logger(__name__)

# How many waiting events are weighed against each other. The broker lets no more than 1,000 wait for an outcome.
WEIGHED = 500
UNREADABLE = ""

Owner = Callable[[Recorded[DomainEvent]], str]


@dataclass
class Turns:
    """Whose turn it is: the owner with the fewest events being handled, among those the one served longest ago."""

    active: Counter[str] = field(default_factory=Counter)
    _served: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _count: int = 0

    def order(self, waiting: Sequence[tuple[str, int]]) -> list[int]:
        """The places of these (owner, sequence) in the order of their turns; within an owner the oldest first."""
        active, served, count = Counter(self.active), defaultdict(int, self._served), self._count
        left, order = dict(enumerate(waiting)), list[int]()
        while left:
            place = min(left, key=lambda at: (active[left[at][0]], served[left[at][0]], left[at][1]))
            owner, _ = left.pop(place)
            order.append(place)
            count += 1
            active[owner] += 1
            served[owner] = count
        return order

    def begin(self, owner: str) -> None:
        self._count += 1
        self.active[owner] += 1
        self._served[owner] = self._count

    def end(self, owner: str) -> None:
        self.active[owner] -= 1


@dataclass(frozen=True)
class FairReactor(Reactor):
    """A reactor whose slots are shared out fairly between those whom `owner` names."""

    owner: Owner = field(default=lambda recorded: recorded.aggregate_id, kw_only=True)
    _turns: Turns = field(default_factory=Turns, init=False)
    _failed: Counter[int] = field(default_factory=Counter, init=False)

    async def run(self) -> None:
        """React until cancelled; a lost consumer or broker is looked up again."""
        free = asyncio.Semaphore(self.slots)
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._ensure_consumer()
                    async with Puller(self.client, stream=self.stream, consumer=self.durable, batch=1) as puller:
                        while True:
                            await self._fill(puller, free, group)
                except (ConsumerLostError, NatsError) as loss:
                    log.info("reactor_restarts", reactor=self.durable, reason=str(loss))
                    await asyncio.sleep(RETRY_SECONDS)

    async def _fill(self, puller: Puller, free: asyncio.Semaphore, group: asyncio.TaskGroup) -> None:
        """Wait for a free slot and for an event, and begin as many of those that wait as there are free slots."""
        async with free:  # is free again below, where each event takes its own
            waiting = [await puller.next(), *await puller.waiting(WEIGHED)]
        owners = [self._owner_of(message) for message in waiting]
        sequences = [message.metadata.sequence.stream for message in waiting]
        for place in self._turns.order(list(zip(owners, sequences, strict=True))):
            if free.locked():
                # In the order of their turns: who asks for one of them next gets the one whose turn it is.
                await waiting[place].nak()
                continue
            await free.acquire()
            self._turns.begin(owners[place])
            group.create_task(self._serve(waiting[place], owners[place], free))

    async def _serve(self, message: Msg, owner: str, free: asyncio.Semaphore) -> None:
        try:
            await self._react(message)
        except NatsError as silence:
            # The broker did not hear the outcome: it hands the event out again.
            log.info("outcome_not_told", reactor=self.durable, subject=message.subject, reason=str(silence))
        finally:
            self._turns.end(owner)
            free.release()

    def _owner_of(self, message: Msg) -> str:
        try:
            return self.owner(read_recorded(message.metadata.sequence.stream, message.data))
        except (UnknownEventError, ValidationError):
            return UNREADABLE

    def _failures(self, message: Msg) -> int:
        """Handing an event back counts as a delivery too: failures are counted here, by process."""
        sequence = message.metadata.sequence.stream
        self._failed[sequence] += 1
        return self._failed[sequence]
