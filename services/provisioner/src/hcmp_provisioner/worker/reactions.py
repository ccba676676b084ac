"""What makes a worker work: machines were granted to a project, or a project is to be taken down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from hcmp_contracts.allocation import AllocationGranted
from hcmp_contracts.envelope import DomainEvent
from hcmp_eventstore.errors import ConcurrencyError, EventLeftError, StoreUnavailableError
from hcmp_eventstore.fair import FairReactor
from hcmp_eventstore.reactor import Reactor
from hcmp_eventstore.recorded import Context, Recorded
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.errors import RunFencedError, RunNotWantedError
from hcmp_provisioner.worker.certificate import Entrance
from hcmp_provisioner.worker.plans import Planner
from hcmp_provisioner.worker.saga import Saga
from hcmp_provisioner.worker.teardown import Teardown
from hcmp_webkit.ssh_certificates import SshCertificates

log = structlog.get_logger(__name__)

SERVICE = "provisioner"
TEARDOWN_SLOTS = 2

RUNS = Counter("hcmp_runs_total", "Runs by how they ended on this worker", ["outcome"])
ACTIVE = Gauge("hcmp_runs_active", "Runs on this worker now")


@dataclass(frozen=True)
class Patience:
    """How long a worker waits for a teardown, and before each new try of a step with unreachable machines."""

    unreachable_seconds: tuple[float, ...] = (2.0, 5.0, 15.0)
    teardown_seconds: float = 60.0


@dataclass(frozen=True)
class Worker:
    """`name` is this process's; each run is held under a name of its own, made with `new_id`."""

    store: EventStore
    planner: Planner
    certificates: SshCertificates
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    name: str
    hold: timedelta = timedelta(0)
    patience: Patience = Patience()

    def reactors(self, slots: int) -> tuple[Reactor, Reactor]:
        """Runs, as many at once as there are slots, which owners share fairly; teardowns beside them, so that they
        never wait for runs.
        """
        client = self.store.client
        return (
            FairReactor(
                client, SERVICE, "worker", ["hcmp.allocation.*.granted"], self.configure, slots, owner=_owner
            ),
            Reactor(
                client, SERVICE, "teardown", ["hcmp.project.*.teardown-started"], self.tear_down, TEARDOWN_SLOTS
            ),
        )

    async def configure(self, recorded: Recorded[DomainEvent]) -> None:
        """Run a project on its machines. A run that is not ours any more is left to whoever has it."""
        if not isinstance(recorded.event, AllocationGranted):
            return
        saga = Saga(
            store=self.store,
            planner=self.planner,
            entrance=self._entrance(recorded.aggregate_id),
            clock=self.clock,
            project_id=recorded.aggregate_id,
            granted=recorded.event,
            worker=f"{self.name}/{self.new_id().hex[-8:]}",
            context=Context.caused_by(recorded, service=SERVICE),
            hold=self.hold,
            patience=self.patience.unreachable_seconds,
        )
        with structlog.contextvars.bound_contextvars(project=saga.project_id, worker=saga.worker):
            with ACTIVE.track_inprogress():
                outcome = await _ended(saga)
            RUNS.labels(outcome).inc()
            log.info("run_ended", outcome=outcome)

    async def tear_down(self, recorded: Recorded[DomainEvent]) -> None:
        """Run the template's teardown and delete the project; its machines are recycled by whoever owns them."""
        context = Context.caused_by(recorded, service=SERVICE)
        teardown = Teardown(
            store=self.store,
            planner=self.planner,
            entrance=self._entrance(recorded.aggregate_id),
            clock=self.clock,
            project_id=recorded.aggregate_id,
            context=context,
            seconds=self.patience.teardown_seconds,
        )
        try:
            await teardown.run()
        except (StoreUnavailableError, ConcurrencyError) as loss:
            raise EventLeftError(str(loss)) from loss

    def _entrance(self, project_id: str) -> Entrance:
        return Entrance(self.certificates, project_id, self.clock, self.patience.unreachable_seconds)


def _owner(recorded: Recorded[DomainEvent]) -> str:
    return recorded.event.owner_id if isinstance(recorded.event, AllocationGranted) else ""


async def _ended(saga: Saga) -> str:
    """How the run ended. Raises EventLeftError when this worker lost it."""
    try:
        return await _run(saga)
    except RunNotWantedError as error:
        log.info("run_not_wanted", status=error.status)
        return "not-wanted"
    except (RunFencedError, StoreUnavailableError, ConcurrencyError) as loss:
        log.warning("run_left", reason=str(loss))
        raise EventLeftError(str(loss)) from loss


async def _run(saga: Saga) -> str:
    try:
        return await saga.run()
    except (RunNotWantedError, RunFencedError, StoreUnavailableError, ConcurrencyError):
        raise
    except Exception:
        log.exception("run_broken")
        return await saga.give_up()
