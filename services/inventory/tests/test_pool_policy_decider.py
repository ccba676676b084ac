"""Policies of the pool: how many machines are missing, and how a provider that fails is left in peace."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcmp_contracts.cause import Cause
from hcmp_contracts.pool_policy import (
    PoolPolicyCreationFailed,
    PoolPolicyEvent,
    PoolPolicyRecovered,
    PoolPolicyRemoved,
    PoolPolicySet,
)
from hcmp_inventory.domain.causes import Reason
from hcmp_inventory.domain.pool_policy import (
    DECIDER,
    Keep,
    PoolPolicyCommand,
    PoolPolicyUnknownError,
    Remove,
    ReportFailure,
    ReportSuccess,
    Standing,
    missing,
)

CAUSE = Cause.of("engine-silent", said="no such file")
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
SMALL = PoolPolicySet(name="small", provider="docker", minimum_ready=2, maximum=5, labels={"size": "small"})
LARGER = SMALL.model_copy(update={"maximum": 9})


def failed(failures: int, pause: float) -> PoolPolicyCreationFailed:
    return PoolPolicyCreationFailed(
        reason="no answer", causes=[CAUSE], failures=failures, retry_at=NOW + timedelta(seconds=pause)
    )


FAILURE = ReportFailure(Reason("no answer", (CAUSE,)), NOW)


@pytest.mark.parametrize(
    ("given", "when", "then"),
    [
        ([], Keep(SMALL), [SMALL]),
        ([SMALL], Keep(SMALL), []),
        ([SMALL], Keep(LARGER), [LARGER]),
        ([SMALL], Remove(), [PoolPolicyRemoved()]),
        ([SMALL], FAILURE, [failed(1, 10)]),
        ([SMALL, failed(1, 10)], FAILURE, [failed(2, 20)]),
        ([SMALL, failed(3, 40)], FAILURE, [failed(4, 80)]),
        ([SMALL, failed(4, 80)], FAILURE, [failed(5, 600)]),
        ([SMALL, failed(70, 600)], FAILURE, [failed(71, 600)]),
        ([SMALL, failed(4, 80)], ReportSuccess(), [PoolPolicyRecovered()]),
        ([SMALL, failed(4, 80), PoolPolicyRecovered()], ReportSuccess(), []),
        ([SMALL, failed(4, 80), PoolPolicyRecovered()], FAILURE, [failed(1, 10)]),
        ([SMALL, failed(4, 80), LARGER], FAILURE, [failed(1, 10)]),
        ([SMALL, PoolPolicyRemoved()], FAILURE, []),
        ([SMALL, PoolPolicyRemoved()], ReportSuccess(), []),
    ],
)
def test_policy(given: list[PoolPolicyEvent], when: PoolPolicyCommand, then: list[PoolPolicyEvent]) -> None:
    assert DECIDER.decide(when, DECIDER.fold(given)) == then


def test_a_policy_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(PoolPolicyUnknownError):
        DECIDER.decide(Remove(), DECIDER.fold([SMALL, PoolPolicyRemoved()]))


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(ready=0, coming=0, total=0), 2),
        (Standing(ready=2, coming=0, total=3), 0),
        (Standing(ready=1, coming=1, total=3), 0),
        (Standing(ready=0, coming=0, total=4), 1),
        (Standing(ready=0, coming=0, total=5), 0),
        (Standing(ready=2, coming=0, total=2, awaited=2), 2),
        (Standing(ready=1, coming=0, total=7), -2),
    ],
)
def test_what_is_missing_is_what_minimum_and_queue_lack_within_the_maximum(
    standing: Standing, expected: int
) -> None:
    assert missing(SMALL, standing) == expected


@given(
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_making_what_is_missing_never_passes_the_maximum(
    ready: int, coming: int, held: int, awaited: int, minimum: int, more: int
) -> None:
    policy = SMALL.model_copy(update={"minimum_ready": minimum, "maximum": minimum + more})
    standing = Standing(ready, coming, ready + coming + held, awaited)
    assert standing.total + missing(policy, standing) <= max(policy.maximum, 0)
