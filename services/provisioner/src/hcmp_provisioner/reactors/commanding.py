"""How every reaction of this service gives a command to a project."""

from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import ProjectCommand
from hcmp_provisioner.domain.project import PROJECT

SERVICE = "provisioner"


async def command(store: EventStore, cause: Recorded[DomainEvent], project_id: str, order: ProjectCommand) -> None:
    """Raises what the project's decider raises."""
    await execute(store, [Decision(PROJECT, project_id, order)], Context.caused_by(cause, service=SERVICE))
