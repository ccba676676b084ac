"""What people ask of projects: a new one, another try, an end; and what operators say to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.projector import Pool, Projector
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import (
    Approve,
    ExtendLease,
    ProjectCommand,
    Refuse,
    Request,
    RequestCancel,
    RequestRetry,
    StartTeardown,
)
from hcmp_provisioner.domain.errors import (
    AlreadyRequestedError,
    QuotaExceededError,
    UnderMaintenanceError,
    UnknownProjectError,
    UnknownTemplateError,
)
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import HeldBack, Project, Unknown
from hcmp_provisioner.domain.template import Template
from hcmp_provisioner.handlers.admission import Admission, Wish
from hcmp_provisioner.projections.project_view import Denied, Granted, Queued, outcome

OUTCOME_SECONDS = 8.0

Outcome = Granted | Denied | Queued | None


@dataclass(frozen=True)
class Projects:
    """The commands on projects."""

    store: EventStore
    projector: Projector
    pool: Pool
    templates: Mapping[str, Template]
    admission: Admission

    def template(self, template_id: str) -> Template:
        """Raises UnknownTemplateError."""
        if template_id not in self.templates:
            raise UnknownTemplateError(template_id)
        return self.templates[template_id]

    async def request(self, project_id: str, command: Request, *, by_operator: bool, context: Context) -> Outcome:
        """Ask for a project and wait for its machines; None when that takes longer than OUTCOME_SECONDS, or
        when the request is held back. Raises UnderMaintenanceError and QuotaExceededError, unless it waits.
        """
        try:
            held_back = await self._execute_request(project_id, command, by_operator=by_operator, context=context)
        except AlreadyRequestedError:  # the same request again: its outcome is the answer
            held_back = isinstance(await self._state(project_id), HeldBack)
        return None if held_back else await self._outcome(project_id, attempt=1)

    async def _execute_request(
        self, project_id: str, command: Request, *, by_operator: bool, context: Context
    ) -> bool:
        """Whether the request was held back."""
        known = await self._state(project_id)
        if not isinstance(known, Unknown):
            PROJECT.decide(command, known)
        if not command.needs_approval:
            wish = Wish(project_id, command.owner_id, 1, sum(role.count for role in command.roles))
            try:
                await self.admission.refuse_maintenance(by_operator=by_operator)
                await self._seen(await self.admission.claim(wish, command, context))
            except (UnderMaintenanceError, QuotaExceededError):
                if not command.wait:
                    raise
            else:
                return False
        await self._execute(project_id, replace(command, held_back=True), context)
        return True

    async def retry(
        self, project_id: str, command: RequestRetry, *, by_operator: bool, context: Context
    ) -> Outcome:
        """Ask for machines once more and wait for them, as `request` does. Raises NotRetryableError."""
        before = await self._state(project_id)
        # Its own situation first: a project that cannot be tried again is not one too many.
        PROJECT.decide(command, before)
        if isinstance(before, Unknown):
            raise UnknownProjectError
        await self.admission.refuse_maintenance(by_operator=by_operator)
        details = before.details
        attempt, machines = details.attempt + 1, sum(role.count for role in details.roles)
        wish = Wish(project_id, details.owner_id, attempt, machines)
        await self._seen(await self.admission.claim(wish, command, context))
        return await self._outcome(project_id, attempt=attempt)

    async def approve(self, project_id: str, context: Context) -> None:
        """Raises NotAwaitingApprovalError."""
        await self._execute(project_id, Approve(), context)

    async def refuse(self, project_id: str, command: Refuse, context: Context) -> None:
        """Raises NotAwaitingApprovalError."""
        await self._execute(project_id, command, context)

    async def cancel(self, project_id: str, context: Context) -> None:
        await self._execute(project_id, RequestCancel(), context)

    async def extend_lease(self, project_id: str, command: ExtendLease, context: Context) -> None:
        await self._execute(project_id, command, context)

    async def delete(self, project_id: str, context: Context) -> None:
        await self._execute(project_id, StartTeardown(reason="requested"), context)

    async def _outcome(self, project_id: str, *, attempt: int) -> Outcome:
        async def decided() -> Outcome:
            return await outcome(self.pool, project_id, attempt)

        return await self.projector.watch(decided, OUTCOME_SECONDS)

    async def _state(self, project_id: str) -> Project:
        return (await load(self.store, PROJECT, project_id)).state

    async def _execute(self, project_id: str, command: ProjectCommand, context: Context) -> None:
        await self._seen(await execute(self.store, [Decision(PROJECT, project_id, command)], context))

    async def _seen(self, sequence: int) -> None:
        await self.projector.wait_for(sequence)
