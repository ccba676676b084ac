"""The write side: each command in one sentence. Load, decide, append; then let the read model catch up."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import (
    ExtendLease,
    ProjectCommand,
    Request,
    RequestCancel,
    RequestRetry,
    StartTeardown,
)
from hcmp_provisioner.domain.errors import (
    QuotaExceededError,
    UnderMaintenanceError,
    UnknownProjectError,
    UnknownTemplateError,
)
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Project, Unknown
from hcmp_provisioner.domain.template import Template
from hcmp_provisioner.projections.accounts import Usage, usage
from hcmp_provisioner.projections.maintenance import maintenance
from hcmp_provisioner.projections.project_view import Denied, Granted, outcome

OUTCOME_SECONDS = 8.0
ACCOUNT_SECONDS = 2.0

Outcome = Granted | Denied | None


@dataclass(frozen=True)
class Requester:
    """Who asks; `passes_maintenance` is an operator."""

    account_id: str
    username: str
    passes_maintenance: bool


@dataclass
class Projects:
    """The commands on projects. Requests of one owner are admitted one after the other, so that two of
    them cannot both use the last of a quota.
    """

    store: EventStore
    projector: Projector
    pool: Pool
    templates: Mapping[str, Template]
    _admissions: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def template(self, template_id: str) -> Template:
        """Raises UnknownTemplateError."""
        if template_id not in self.templates:
            raise UnknownTemplateError(template_id)
        return self.templates[template_id]

    async def request(
        self, project_id: str, command: Request, *, requester: Requester, context: Context
    ) -> Outcome:
        """Ask for a project and wait for its machines; None when that takes longer than OUTCOME_SECONDS."""
        async with self._admission(command.owner_id):
            if isinstance(await self._state(project_id), Unknown):
                needed = sum(role.count for role in command.roles)
                await self._admit(requester, needed, owner_id=command.owner_id)
            await self._execute(project_id, command, context)
        return await self._outcome(project_id, attempt=1)

    async def retry(self, project_id: str, *, requester: Requester, context: Context) -> Outcome:
        """Ask for machines once more and wait for them, as `request` does. Raises NotRetryableError."""
        before = await self._state(project_id)
        if isinstance(before, Unknown):
            raise UnknownProjectError
        # Its own situation first: a project that cannot be tried again is not one too many.
        PROJECT.decide(RequestRetry(), before)
        async with self._admission(before.details.owner_id):
            needed = sum(role.count for role in before.details.roles)
            await self._admit(requester, needed, owner_id=before.details.owner_id)
            await self._execute(project_id, RequestRetry(), context)
        return await self._outcome(project_id, attempt=before.details.attempt + 1)

    async def cancel(self, project_id: str, context: Context) -> None:
        await self._execute(project_id, RequestCancel(), context)

    async def extend_lease(self, project_id: str, command: ExtendLease, context: Context) -> None:
        await self._execute(project_id, command, context)

    async def delete(self, project_id: str, context: Context) -> None:
        await self._execute(project_id, StartTeardown(reason="requested"), context)

    def _admission(self, owner_id: str) -> AbstractAsyncContextManager[None]:
        return self._admissions[owner_id]

    async def _admit(self, requester: Requester, needed: int, *, owner_id: str) -> None:
        """Raises UnderMaintenanceError or QuotaExceededError."""
        state = await maintenance(self.pool)
        if state.enabled and not requester.passes_maintenance:
            raise UnderMaintenanceError(state.message)

        async def known() -> Usage | None:
            return await usage(self.pool, owner_id)

        account = await self.projector.watch(known, ACCOUNT_SECONDS) or Usage(quota=0, used=0)
        if account.used + needed > account.quota:
            raise QuotaExceededError(quota=account.quota, used=account.used, needed=needed)

    async def _outcome(self, project_id: str, *, attempt: int) -> Outcome:
        async def decided() -> Outcome:
            return await outcome(self.pool, project_id, attempt)

        return await self.projector.watch(decided, OUTCOME_SECONDS)

    async def _state(self, project_id: str) -> Project:
        return (await load(self.store, PROJECT, project_id)).state

    async def _execute(self, project_id: str, command: ProjectCommand, context: Context) -> None:
        sequence = await execute(self.store, [Decision(PROJECT, project_id, command)], context)
        await self.projector.wait_for(sequence)
