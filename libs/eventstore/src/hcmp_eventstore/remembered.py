"""The states of the aggregates that this process decided on last, so that the next command need not load them.

A state that is out of date costs a refused append: its version is the one that the log checks.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

S = TypeVar("S")

AGGREGATES = 4096


@dataclass(frozen=True)
class Loaded(Generic[S]):
    """An aggregate's state and the version that it stands for (0 when nothing ever happened to it)."""

    state: S
    version: int


@dataclass
class Remembered:
    """By how they are folded and by subject filter; whichever was not used for the longest time is forgotten."""

    _states: OrderedDict[tuple[Callable[..., Any], str], Loaded[Any]] = field(default_factory=OrderedDict)

    def get(self, evolve: Callable[..., Any], subject_filter: str) -> Loaded[Any] | None:
        found = self._states.get((evolve, subject_filter))
        if found is not None:
            self._states.move_to_end((evolve, subject_filter))
        return found

    def put(self, evolve: Callable[..., Any], subject_filter: str, loaded: Loaded[Any]) -> None:
        self._states[evolve, subject_filter] = loaded
        self._states.move_to_end((evolve, subject_filter))
        if len(self._states) > AGGREGATES:
            self._states.popitem(last=False)

    def forget(self, evolve: Callable[..., Any], subject_filter: str) -> None:
        self._states.pop((evolve, subject_filter), None)
