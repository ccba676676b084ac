"""The gates before a project's machines: an operator's approval, maintenance, and the owner's quotas.

A claim on a quota is appended in one atomic batch with the request that it is for. It is decided on the owner's
quota aggregate, so that of any number of requests at once exactly those are let through that fit.
"""

from dataclasses import dataclass
from typing import Any

from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.projector import Pool
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import Admit, ProjectCommand
from hcmp_provisioner.domain.errors import QuotaExceededError, RunNotWantedError, UnderMaintenanceError
from hcmp_provisioner.domain.owner import Owner, owner_of
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.quota import QUOTA, Claim
from hcmp_provisioner.projections.maintenance import maintenance
from hcmp_provisioner.projections.project_view import HeldBack


@dataclass(frozen=True)
class Wish:
    """An attempt of a project, and how many machines it is to have."""

    project_id: str
    owner_id: str
    attempt: int
    machines: int


@dataclass(frozen=True)
class Admission:
    store: EventStore
    pool: Pool

    async def owner(self, account_id: str) -> Owner:
        return owner_of(recorded.event for recorded in await self.store.load("account", account_id))

    async def refuse_maintenance(self, *, by_operator: bool) -> None:
        """Raises UnderMaintenanceError; never for an operator."""
        state = await maintenance(self.pool)
        if state.enabled and not by_operator:
            raise UnderMaintenanceError(state.message)

    async def claim(self, wish: Wish, command: ProjectCommand, context: Context) -> int:
        """Append what follows from the project's command together with the claim on its owner's quotas, or
        nothing, and return the sequence. Raises QuotaExceededError, and what the project's decider raises.
        """
        limits = (await self.owner(wish.owner_id)).limits
        decisions: list[Decision[Any, Any, Any]] = [
            Decision(PROJECT, wish.project_id, command),
            Decision(QUOTA, wish.owner_id, Claim(wish.project_id, wish.attempt, wish.machines, limits)),
        ]
        return await execute(self.store, decisions, context)

    async def admit(self, held_back: HeldBack, context: Context) -> bool:
        """Let a request that was held back through, if its gates are open now. False when its owner's quotas or
        maintenance still stand in the way, so that whatever its owner asked for later waits too.
        """
        owner = await self.owner(held_back.owner_id)
        wish = Wish(held_back.id, held_back.owner_id, held_back.attempt, held_back.machines)
        try:
            await self.refuse_maintenance(by_operator=owner.is_operator)
            await self.claim(wish, Admit(), context)
        except RunNotWantedError:  # admitted or cancelled meanwhile
            return True
        except (UnderMaintenanceError, QuotaExceededError):
            return False
        return True
