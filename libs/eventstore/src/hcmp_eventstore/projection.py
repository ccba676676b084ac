"""What a read model is made of: projections, their tables, and what events do to them."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString, Protocol

from psycopg import AsyncCursor
from psycopg.rows import DictRow

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.recorded import Recorded

Cursor = AsyncCursor[DictRow]


class Projection(Protocol):
    """One question's read model: its tables, and what events do to them.

    `apply` writes only its own tables, survives duplicates and a replay from zero, and does nothing else. What a
    batch holds is chance, and it may hold events under other subjects: the tables are the same however the log is
    cut. A subject names its kind of aggregate.
    """

    @property
    def tables(self) -> LiteralString: ...

    @property
    def subjects(self) -> Sequence[str]: ...

    async def apply(self, cursor: Cursor, batch: Sequence[Recorded[DomainEvent]]) -> None: ...


class OneByOne(ABC):
    """A projection whose events are seldom enough to be written one after another."""

    async def apply(self, cursor: Cursor, batch: Sequence[Recorded[DomainEvent]]) -> None:
        for recorded in batch:
            await self.apply_one(cursor, recorded)

    @abstractmethod
    async def apply_one(self, cursor: Cursor, recorded: Recorded[DomainEvent]) -> None: ...


@dataclass(frozen=True)
class ReadModel:
    """What a projector keeps: a name, a version, and the projections that share its checkpoint."""

    name: str
    version: int
    projections: Sequence[Projection]

    @property
    def schema(self) -> str:
        return f"{self.name}_v{self.version}"

    @property
    def subjects(self) -> list[str]:
        """The subject filters, each once: overlapping filters are refused by the broker."""
        return sorted({subject for projection in self.projections for subject in projection.subjects})

    def concerned(self, aggregates: AbstractSet[str]) -> list[Projection]:
        """The projections that consume events of these kinds of aggregates, and perhaps of others."""
        return [
            projection
            for projection in self.projections
            if any(subject.split(".")[1] in aggregates for subject in projection.subjects)
        ]

    def consumes(self, subject: str) -> bool:
        """Whether an event under this subject is one of the model's."""
        return self._pattern.fullmatch(subject) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """The filters as one expression: `*` is one word of a subject, `>` all that are left."""
        words = (re.escape(subject).replace(r"\*", "[^.]+").replace(">", ".+") for subject in self.subjects)
        return re.compile("|".join(words))
