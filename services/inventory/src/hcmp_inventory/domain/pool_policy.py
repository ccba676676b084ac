"""How many machines of a kind the pool keeps ready, and what becomes of a provider that cannot make them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from hcmp_contracts.pool_policy import (
    PoolPolicyCreationFailed,
    PoolPolicyEvent,
    PoolPolicyRecovered,
    PoolPolicyRemoved,
    PoolPolicySet,
)
from hcmp_eventstore.decider import Decider
from hcmp_inventory.domain.causes import Reason

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=10)
# From so many failures in a row on the policy counts as suspended: one machine is tried at each LONGEST_PAUSE.
SUSPENDED_FROM = 5


@dataclass(frozen=True, slots=True)
class Keep:
    """`policy` is the event itself; `only_new` when whoever gives it believes that there is none of its name."""

    policy: PoolPolicySet
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class Remove:
    pass


@dataclass(frozen=True, slots=True)
class ReportFailure:
    """What was missing could not be made at this time."""

    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportSuccess:
    pass


PoolPolicyCommand = Keep | Remove | ReportFailure | ReportSuccess


@dataclass(frozen=True, slots=True)
class Absent:
    pass


@dataclass(frozen=True, slots=True)
class Kept:
    policy: PoolPolicySet
    failures: int = 0


PoolPolicy = Absent | Kept


class PoolPolicyUnknownError(Exception):
    """There is no policy of this name."""


class PoolPolicyExistsError(Exception):
    """There is a policy of this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a policy {name}")
        self.name = name


def decide(command: PoolPolicyCommand, state: PoolPolicy) -> list[PoolPolicyEvent]:
    match (command, state):
        case (Keep(policy=policy, only_new=True), Kept()):
            raise PoolPolicyExistsError(policy.name)
        case (Keep(policy=policy), _):
            return [] if isinstance(state, Kept) and state.policy == policy else [policy]
        case (Remove(), Absent()):
            raise PoolPolicyUnknownError
        case (Remove(), Kept()):
            return [PoolPolicyRemoved()]
        case (ReportFailure(reason=reason, at=at), Kept(failures=failures)):
            pause = LONGEST_PAUSE if failures + 1 >= SUSPENDED_FROM else FIRST_PAUSE * 2**failures
            return [
                PoolPolicyCreationFailed(
                    reason=reason.text, causes=list(reason.causes), failures=failures + 1, retry_at=at + pause
                )
            ]
        case (ReportSuccess(), Kept(failures=failures)) if failures:
            return [PoolPolicyRecovered()]
        case _:
            return []  # removed meanwhile, or well all the time


def evolve(state: PoolPolicy, event: PoolPolicyEvent) -> PoolPolicy:
    match event:
        case PoolPolicySet():
            return Kept(event)
        case PoolPolicyRemoved():
            return Absent()
        case PoolPolicyCreationFailed(failures=failures):
            return replace(state, failures=failures) if isinstance(state, Kept) else state
        case PoolPolicyRecovered():
            return replace(state, failures=0) if isinstance(state, Kept) else state
        case _:
            assert_never(event)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many machines a policy has: `ready` for anybody, `coming` back from a recycle, in `total`; and how many
    are `awaited` by requests in the queue.
    """

    ready: int
    coming: int
    total: int
    awaited: int = 0


def missing(policy: PoolPolicySet, standing: Standing) -> int:
    """How many machines are to be made; negative: how many are to go, if they are free."""
    if standing.total > policy.maximum:
        return policy.maximum - standing.total
    short = policy.minimum_ready + standing.awaited - standing.ready - standing.coming
    return max(0, min(short, policy.maximum - standing.total))


DECIDER: Decider[PoolPolicyCommand, PoolPolicy, PoolPolicyEvent] = Decider(
    aggregate="pool-policy", initial=Absent(), decide=decide, evolve=evolve
)
