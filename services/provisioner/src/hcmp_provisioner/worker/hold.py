"""A worker's hold on a run: every fact is appended, and every state read, under the name that has the run."""

from dataclasses import dataclass

from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import ProjectCommand
from hcmp_provisioner.domain.errors import RunCancelRequestedError, RunFencedError, RunNotWantedError
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Cancelling, Configuring, Project, status_of


@dataclass(frozen=True)
class Hold:
    """`worker` is a name that no other hold ever has. Whoever lost the run is told so by RunFencedError."""

    store: EventStore
    project_id: str
    worker: str
    context: Context

    async def execute(self, command: ProjectCommand) -> int:
        return await execute(self.store, [Decision(PROJECT, self.project_id, command)], self.context)

    async def mine(self, *, at_least: int = 0) -> Configuring:
        """The run as it stands. Raises when it is not this worker's to go on with."""
        project = await self.require(at_least=at_least)
        if isinstance(project, Cancelling):
            raise RunCancelRequestedError
        return project

    async def require(self, *, at_least: int = 0) -> Configuring | Cancelling:
        """The run, which may be about to be cancelled. Raises when another worker has it, or when it is over."""
        project: Project = (await load(self.store, PROJECT, self.project_id, at_least=at_least)).state
        if not isinstance(project, Configuring | Cancelling):
            raise RunNotWantedError(status_of(project))
        if project.worker != self.worker:
            raise RunFencedError(str(project.worker))
        return project
