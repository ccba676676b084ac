"""Keeps the pool as its policies want it: makes machines that are missing, lets go of free ones that are too many.

Whatever changes how many there are sets it off, and so does a failure, once it is time to try again. A provider
that fails again and again is left in peace for longer and longer, and then tried with one machine at a time.
"""

from dataclasses import dataclass

import structlog

from hcmp_contracts.envelope import DomainEvent
from hcmp_contracts.pool_policy import PoolPolicyCreationFailed
from hcmp_eventstore.errors import NotYetError
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import utc_now
from hcmp_inventory.domain import pool_policy, system, vm_commands, vm_errors
from hcmp_inventory.domain.causes import Reason, reason_of
from hcmp_inventory.handlers.imports import Import, ImportIncompleteError, Imports, NoProviderError
from hcmp_inventory.handlers.policies import PoolPolicies
from hcmp_inventory.handlers.reset import Resets
from hcmp_inventory.ports.provider import ProviderError
from hcmp_inventory.projections import policies, queue
from hcmp_inventory.projections.policies import Policy

log = structlog.get_logger(__name__)

SUBJECTS = (
    "hcmp.pool-policy.*.set",
    "hcmp.pool-policy.*.creation-failed",
    "hcmp.vm.*.reserved",
    "hcmp.vm.*.released",
    "hcmp.vm.*.recycled",
    "hcmp.vm.*.quarantined",
    "hcmp.vm.*.maintenance-started",
    "hcmp.vm.*.registered",
    "hcmp.vm.*.retired",
    "hcmp.allocation.*.queued",
)
POLICIES = "pool-policies"
MADE_AT_ONCE = 10


@dataclass
class Keeping:
    """`_kept_until` is the place of the log up to which the pool has been looked at."""

    pool: Pool
    projector: Projector
    imports: Imports
    rules: PoolPolicies
    resets: Resets
    _kept_until: int = 0

    async def __call__(self, recorded: Recorded[DomainEvent]) -> None:
        event = recorded.event
        if isinstance(event, PoolPolicyCreationFailed):
            if (seconds := (event.retry_at - utc_now()).total_seconds()) > 0:
                raise NotYetError(seconds)
        elif recorded.sequence <= self._kept_until:
            return
        await self.projector.require(recorded.sequence)
        context = Context.caused_by(recorded, service="inventory")
        async with self.imports.exclusive(POLICIES):
            while not await self.resets.in_progress() and await self._step(context):
                pass

    async def _step(self, context: Context) -> bool:
        """Bring each policy nearer to what it wants; whether there may be more to do."""
        position = self.projector.position
        awaited = await queue.awaited(self.pool)
        changes = []
        for policy in await policies.policies(self.pool):
            changes.append(await self._keep(policy, sum(map(policy.serves, awaited)), context))
            awaited = [wanted for wanted in awaited if not policy.serves(wanted)]
        if not any(changes):
            self._kept_until = position
        return any(changes)

    async def _keep(self, policy: Policy, awaited: int, context: Context) -> bool:
        missing = pool_policy.missing(policy.rule, policy.standing(awaited))
        if missing < 0:
            return await self._let_go(policy, -missing, context)
        if not missing or (policy.retry_at and utc_now() < policy.retry_at):
            return False
        await self._make(policy, 1 if policy.failures else min(missing, MADE_AT_ONCE), context)
        return True

    async def _make(self, policy: Policy, count: int, context: Context) -> None:
        """Have the provider make so many machines, and remember how that went."""
        outcome: pool_policy.PoolPolicyCommand = pool_policy.ReportSuccess()
        wanted = Import(policy.provider, count, request_id="", request_digest="", labels=policy.labels)
        try:
            _, sequence = await self.imports.run(wanted, context)
            await self.projector.require(sequence)
        except system.ResetInProgressError:
            return
        except (ImportIncompleteError, NoProviderError, ProviderError) as error:
            log.warning("pool_policy_failed", policy=policy.name, reason=str(error), failures=policy.failures + 1)
            outcome = pool_policy.ReportFailure(reason_of(error), utc_now())
        await self.projector.require(await self.rules.command(policy.policy_id, outcome, context))

    async def _let_go(self, policy: Policy, count: int, context: Context) -> bool:
        """Retire as many as are too many, of those that nobody has."""
        free = await policies.free_machines(self.pool, policy, min(count, MADE_AT_ONCE))
        text = f"more than the maximum of the pool's policy {policy.name}"
        retire = vm_commands.Retire(Reason.of(text, "over-maximum", policy=policy.name))
        for vm_id in free:
            try:
                await self.projector.require(await self.imports.machines.command(vm_id, retire, context))
            except vm_errors.VmInUseError:
                continue  # somebody got it in this moment
        return bool(free)
