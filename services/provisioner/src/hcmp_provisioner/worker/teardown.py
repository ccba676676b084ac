"""The teardown of a project: the template's last plays on the machines that it still holds, then its deletion.

Whatever happens in it, the project is deleted: its machines are made anew anyway. Two workers may tear the same
project down for a moment, when one was cut off: the plays come out right when they run twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import structlog

from hcmp_contracts.allocation import AllocationGranted, AllocationReleased, GrantedMachine
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.errors import ConcurrencyError, StoreUnavailableError
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import Delete
from hcmp_provisioner.domain.errors import RunNotWantedError
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Deleting, Project, status_of
from hcmp_provisioner.worker.certificate import Entrance, given
from hcmp_provisioner.worker.interruption import Interruption
from hcmp_provisioner.worker.plans import Planner, UnusablePlanError
from hcmp_provisioner.worker.progress import Progress
from hcmp_provisioner.worker.run_log import RunLog
from hcmp_provisioner.worker.run_process import run_plan
from hcmp_provisioner.worker.watch import watch_broker, watch_project
from hcmp_runner.messages import Ended, Line, Message, PlayBegan, Tally, TaskEnded
from hcmp_runner.plan import Plan
from hcmp_runner.process import end_leftovers

log = structlog.get_logger(__name__)

MAX_REASON = 300


@dataclass
class Teardown:
    """One project's teardown, for which there are `seconds` at most."""

    store: EventStore
    planner: Planner
    entrance: Entrance
    clock: Callable[[], datetime]
    project_id: str
    context: Context
    seconds: float

    def __post_init__(self) -> None:
        self._log = RunLog(self.store.client, self.project_id, clock=self.clock, still_mine=self._still_deleting)
        self._interruption = Interruption()

    async def run(self) -> None:
        """Tear the project down and delete it. Raises StoreUnavailableError and ConcurrencyError: then nothing of
        it runs here any more, and another worker begins it anew.
        """
        found = await load(self.store, PROJECT, self.project_id)
        failed = None
        if isinstance(found.state, Deleting):
            try:
                failed = await self._tear_down(found.state, found.version)
            except RunNotWantedError:
                return
            except (StoreUnavailableError, ConcurrencyError):
                raise
            except Exception as error:
                log.exception("teardown_broken", project=self.project_id)
                failed = f"failed: {type(error).__name__}"
        await execute(self.store, [Decision(PROJECT, self.project_id, Delete(failed))], self.context)

    async def _tear_down(self, project: Deleting, version: int) -> str | None:
        """Run the template's plays, if there are any; return how that failed."""
        machines = await self._machines()
        planned = self.planner.teardown(self.project_id, project.details, machines=machines) if machines else None
        if planned is None:
            return None
        plan, names = planned
        await asyncio.to_thread(end_leftovers, self.project_id, self.planner.run_directory)
        await self._log.line("The teardown begins.")
        failed = await self._run(plan, names, machines, version)
        await self._log.line(
            f"The teardown {failed}; the project is deleted all the same." if failed else "The teardown is done."
        )
        await self._log.flush()
        return failed

    async def _run(
        self, plan: Plan, names: list[str], machines: Sequence[GrantedMachine], version: int
    ) -> str | None:
        guard, progress = self._interruption.guard, Progress(first=1)
        watching = watch_project(self.store.client, self.project_id, worker="", after=version)
        watches = [
            asyncio.create_task(guard(watching)),
            asyncio.create_task(guard(watch_broker(self.store.client))),
            asyncio.create_task(guard(self._time_out())),
        ]
        flushing = asyncio.create_task(guard(self._log.keep_flushing()))
        try:
            identity = await self.entrance.identity(machines, self._interruption, self._log.line)
            async with given(identity, plan) as opened:
                code = await run_plan(opened, self._interruption, lambda message: self._hear(progress, message))
        except UnusablePlanError as error:
            return f"failed: {str(error).rstrip('.')}"
        except TimeoutError:
            return f"failed: it was not done within {self.seconds:g} s"
        finally:
            for watch in watches:
                watch.cancel()
            self._log.finish()
            await asyncio.wait([*watches, flushing])
        return None if code == 0 else _failure(progress, names)

    async def _time_out(self) -> None:
        await asyncio.sleep(self.seconds)
        raise TimeoutError

    async def _hear(self, progress: Progress, message: Message) -> None:
        match message:
            case Line(vm=vm, text=text):
                await self._log.line(text, vm=vm)
            case PlayBegan():
                if (number := progress.step_of(message)) is not None:
                    progress.begin(number)
            case TaskEnded():
                progress.count(message)
            case Tally():
                progress.judge(message)
            case Ended():
                return
            case _:
                assert_never(message)

    async def _machines(self) -> list[GrantedMachine]:
        """What the project holds: what was granted last, unless it was given back."""
        held: list[GrantedMachine] = []
        for recorded in await self.store.load("allocation", self.project_id):
            match recorded.event:
                case AllocationGranted(machines=machines):
                    held = machines
                case AllocationReleased():
                    held = []
                case _:
                    continue
        return held

    async def _still_deleting(self) -> None:
        project: Project = (await load(self.store, PROJECT, self.project_id)).state
        if not isinstance(project, Deleting):
            raise RunNotWantedError(status_of(project))


def _failure(progress: Progress, names: list[str]) -> str:
    if progress.current is None:
        return "failed: Ansible could not begin"
    failures = progress.failures()
    where = f" on {', '.join(failure.vm for failure in failures)}" if failures else ""
    reason = failures[0].reason.splitlines()[0][:MAX_REASON] if failures else "Ansible ended without a reason"
    return f"failed: {names[progress.current - 1]}{where}: {reason}"
