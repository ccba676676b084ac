"""Given / when / then for deciders, so that tests read like the business.

scenario(vm.DECIDER).given(registered).when(Reserve(...)).then(VmReserved(...))
"""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pytest

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.decider import Decider

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=DomainEvent)


@dataclass(frozen=True)
class Scenario(Generic[C, S, E]):
    """A history and perhaps a command; `then` and `then_raises` judge what the decider makes of them."""

    decider: Decider[C, S, E]
    history: tuple[E, ...] = ()
    command: list[C] = field(default_factory=list)

    def given(self, *events: E) -> "Scenario[C, S, E]":
        return Scenario(self.decider, self.history + events, self.command)

    def when(self, command: C) -> "Scenario[C, S, E]":
        return Scenario(self.decider, self.history, [command])

    def then(self, *expected: DomainEvent) -> None:
        """The command results in exactly these events."""
        assert self._decide() == list(expected)

    def then_nothing(self) -> None:
        """The command changes nothing: it is so already."""
        assert self._decide() == []

    def then_raises(self, error: type[Exception], **facts: Any) -> None:
        """The command is refused with this error, carrying these facts."""
        with pytest.raises(error) as raised:
            self._decide()
        for name, value in facts.items():
            assert getattr(raised.value, name) == value

    def then_state(self, expected: S) -> None:
        """The history alone folds to this state."""
        assert self.decider.fold(self.history) == expected

    def _decide(self) -> list[E]:
        [command] = self.command
        return self.decider.decide(command, self.decider.fold(self.history))


def scenario(decider: Decider[C, S, E]) -> Scenario[C, S, E]:
    return Scenario(decider)
