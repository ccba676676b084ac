"""What a process remembers of aggregates is bounded, and each decider remembers for itself."""

import pytest

from hcmp_eventstore import remembered
from hcmp_eventstore.remembered import Loaded, Remembered


def evolve(count: int, _: object) -> int:
    return count + 1


def otherwise(count: int, _: object) -> int:
    return count - 1


def test_the_state_that_was_not_used_for_the_longest_time_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "AGGREGATES", 2)
    states = Remembered()
    for name in ("a", "b"):
        states.put(evolve, name, Loaded(1, 1))
    states.get(evolve, "a")
    states.put(evolve, "c", Loaded(1, 1))
    assert [name for name in "abc" if states.get(evolve, name)] == ["a", "c"]


def test_a_state_is_found_only_by_who_folds_as_it_was_folded() -> None:
    states = Remembered()
    states.put(evolve, "a", Loaded(1, 1))
    assert states.get(otherwise, "a") is None
    states.forget(otherwise, "a")
    assert states.get(evolve, "a") == Loaded(1, 1)
