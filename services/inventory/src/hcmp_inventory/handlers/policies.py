"""Commands for the policies that keep the pool at its size."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from hcmp_contracts.pool_policy import PoolPolicySet
from hcmp_eventstore.decider import Decision
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_inventory.domain import pool_policy
from hcmp_inventory.handlers.machines import refuse_during_reset
from hcmp_inventory.handlers.versioned import execute_on

POLICIES = UUID("5b1f1c43-3d0e-5b0a-8d64-5d6b4b1f7a10")


def policy_id_of(name: str) -> str:
    """A policy's id follows from its name, as a machine's does."""
    return str(uuid5(POLICIES, name))


@dataclass(frozen=True)
class PoolPolicies:
    store: EventStore

    async def keep(
        self, policy: PoolPolicySet, context: Context, *, seen: int | None = None, only_new: bool = False
    ) -> int:
        """Raises versioned.ChangedMeanwhileError, pool_policy.PoolPolicyExistsError with `only_new`, and
        system.ResetInProgressError.
        """
        await refuse_during_reset(self.store)
        keep = pool_policy.Keep(policy, only_new)
        return await self.command(policy_id_of(policy.name), keep, context, seen=seen)

    async def remove(self, name: str, context: Context, *, seen: int | None = None) -> int:
        """Raises versioned.ChangedMeanwhileError and pool_policy.PoolPolicyUnknownError."""
        return await self.command(policy_id_of(name), pool_policy.Remove(), context, seen=seen)

    async def command(
        self, policy_id: str, command: pool_policy.PoolPolicyCommand, context: Context, *, seen: int | None = None
    ) -> int:
        return await execute_on(self.store, Decision(pool_policy.DECIDER, policy_id, command), context, seen=seen)
