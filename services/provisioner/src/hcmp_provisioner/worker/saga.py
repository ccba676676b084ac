"""The saga of one run: from granted machines to a configured project, or to a clear word about why not.

Every fact is appended on the version of the project that it was decided on, by the worker that has the run:
whoever lost it is told so by the next append (RunFencedError) and stops.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never

from hcmp_contracts.allocation import AllocationGranted
from hcmp_eventstore.decider import Decision, execute, load
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import (
    Cancel,
    Complete,
    Fail,
    FailStep,
    FinishStep,
    ProjectCommand,
    StartRun,
    StartStep,
)
from hcmp_provisioner.domain.errors import RunCancelRequestedError, RunFencedError, RunNotWantedError
from hcmp_provisioner.domain.project import PROJECT
from hcmp_provisioner.domain.project_state import Cancelling, Configuring, Details, Project, status_of
from hcmp_provisioner.run.messages import Ended, Line, Message, PlayBegan, Tally, TaskEnded
from hcmp_provisioner.worker.plans import Planner, UnusablePlanError
from hcmp_provisioner.worker.progress import Progress
from hcmp_provisioner.worker.run_log import RunLog
from hcmp_provisioner.worker.run_process import RunLostError, RunProcess, end_leftovers, run_process
from hcmp_provisioner.worker.watch import watch_broker, watch_project

LAST_LINES = 20

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Saga:
    """One worker's hold on one run. `worker` is a name that no other hold ever has; a run that fails keeps its
    machines for `hold`.
    """

    store: EventStore
    planner: Planner
    clock: Callable[[], datetime]
    project_id: str
    granted: AllocationGranted
    worker: str
    context: Context
    hold: timedelta
    _interruption: Exception | None = None
    _last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    def __post_init__(self) -> None:
        self._log = RunLog(self.store.client, self.project_id, clock=self.clock, still_mine=self._require_mine)

    async def run(self) -> str:
        """Take the run and bring it to its end; return how it ended.

        Raises RunNotWantedError when there is nothing to do, RunFencedError when another worker has it, and
        StoreUnavailableError when the broker is out of reach; then nothing of the run lives here any more.
        """
        try:
            return await self._configure()
        except RunCancelRequestedError:
            return await self._cancel()
        except UnusablePlanError as error:
            return await self._fail(str(error))
        except RunLostError:
            return await self._fail("The process of the run was killed.")

    async def give_up(self) -> str:
        """End the run after a fault of our own, so that it does not stay `configuring` for ever."""
        try:
            return await self._fail(
                "The run ended by a fault of the platform; an operator finds it in the worker's log."
            )
        except RunCancelRequestedError:
            return await self._end_cancelled()

    async def _configure(self) -> str:
        sequence = await self._execute(StartRun(self.granted.attempt, self.worker, self.granted.fresh))
        run = await self._mine(at_least=sequence)
        details, first = run.details, run.finished + 1
        await self._log_begin(details, first)
        if first <= len(details.steps):
            await self._end_leftovers()
            plan = self.planner.plan(self.project_id, details, first_step=first, machines=self.granted.machines)
            progress = Progress(first)
            async with run_process(plan) as process, self._watched(process, sequence):
                await self._listen(process, progress, details)
            if self._interruption is not None:
                raise self._interruption
            if process.ended is None or process.ended.code != 0:
                return await self._fail_run(progress, details)
            await self._finish_all(progress, details)
        await self._execute(Complete(self.worker, await self._log.flush()))
        return "completed"

    async def _listen(self, process: RunProcess, progress: Progress, details: Details) -> None:
        """Hear the process out. Once interrupted, only until it has ended everything."""
        async for message in process.messages():
            if self._interruption is None:
                await self._guard(process, self._hear(message, progress, details))

    async def _hear(self, message: Message, progress: Progress, details: Details) -> None:
        match message:
            case Line(vm=vm, text=text):
                self._last_lines.append(text)
                await self._log.line(text, vm=vm)
            case PlayBegan():
                if (number := progress.step_of(message)) is not None:
                    await self._finish_step(progress, details)
                    await self._start_step(number, progress, details)
            case TaskEnded():
                progress.count(message)
            case Tally():
                progress.judge(message)
            case Ended():
                return
            case _:
                assert_never(message)

    async def _start_step(self, number: int, progress: Progress, details: Details) -> None:
        await self._execute(StartStep(self.worker, number))
        progress.begin(number)
        await self._log.step(number, details.steps[number - 1].name, "running")

    async def _finish_step(self, progress: Progress, details: Details) -> None:
        """The running step succeeded: a failure anywhere would have ended the run."""
        if (number := progress.current) is None:
            return
        await self._execute(FinishStep(self.worker, number, progress.hosts()))
        progress.end()
        await self._log.step(number, details.steps[number - 1].name, "succeeded")

    async def _finish_all(self, progress: Progress, details: Details) -> None:
        """Ansible says that all went well: so did steps whose beginning was not heard."""
        await self._finish_step(progress, details)
        while (finished := (await self._mine()).finished) < len(details.steps):
            await self._start_step(finished + 1, progress, details)
            await self._finish_step(progress, details)

    async def _fail_run(self, progress: Progress, details: Details) -> str:
        number, failures = progress.current, progress.failures()
        if number is None:
            said = "\n".join(line for text in self._last_lines if (line := _COLOURS.sub("", text).strip()))
            return await self._fail(f"Ansible could not begin. {said}".strip())
        name = details.steps[number - 1].name
        await self._log.step(number, name, "failed")
        where = f" on {', '.join(failure.vm for failure in failures)}" if failures else ""
        reason = failures[0].reason.splitlines()[0] if failures else "Ansible ended without a reason."
        await self._execute(
            FailStep(
                self.worker,
                number,
                detail=f"Step {number}, {name}, failed{where}: {reason}",
                log_sequence=await self._log.flush(),
                held_until=self._held_until(),
                hosts=progress.hosts(),
                failures=failures,
            )
        )
        return "failed"

    async def _fail(self, detail: str) -> str:
        await self._log.line(detail)
        await self._execute(Fail(self.worker, detail, await self._log.flush(), self._held_until()))
        return "failed"

    def _held_until(self) -> datetime | None:
        return self.clock() + self.hold if self.hold else None

    async def _cancel(self) -> str:
        await self._end_leftovers()
        return await self._end_cancelled()

    async def _end_cancelled(self) -> str:
        await self._execute(Cancel(self.granted.attempt, await self._log.flush()))
        return "cancelled"

    @asynccontextmanager
    async def _watched(self, process: RunProcess, after: int) -> AsyncIterator[None]:
        """While inside, stop the process when the project's own events, the broker or the log say so."""
        client = self.store.client
        watching = watch_project(client, self.project_id, worker=self.worker, after=after)
        watches = [
            asyncio.create_task(self._guard(process, watching)),
            asyncio.create_task(self._guard(process, watch_broker(client))),
        ]
        flushing = asyncio.create_task(self._guard(process, self._log.keep_flushing()))
        try:
            yield
        finally:
            for watch in watches:
                watch.cancel()
            self._log.finish()
            await asyncio.wait([*watches, flushing])

    async def _guard(self, process: RunProcess, doing: Coroutine[Any, Any, None]) -> None:
        """Whatever goes wrong in it interrupts the run; the first reason counts."""
        try:
            await doing
        except Exception as reason:  # noqa: BLE001 - kept, and raised when the process has ended
            self._interruption = self._interruption or reason
            process.stop()

    async def _end_leftovers(self) -> None:
        """Nothing of this run, of a worker that died for one, may live on this host beside us."""
        await asyncio.to_thread(end_leftovers, self.project_id, self.planner.directory(self.project_id))

    async def _log_begin(self, details: Details, first: int) -> None:
        if first > 1:
            await self._log.line(f"The run goes on at step {first} of {len(details.steps)}.")
        elif details.attempt > 1:
            await self._log.line(f"Attempt {details.attempt} begins.")

    async def _execute(self, command: ProjectCommand) -> int:
        return await execute(self.store, [Decision(PROJECT, self.project_id, command)], self.context)

    async def _mine(self, *, at_least: int = 0) -> Configuring:
        """The run as it stands. Raises when it is not this worker's to go on with."""
        project = await self._require_mine(at_least=at_least)
        if isinstance(project, Cancelling):
            raise RunCancelRequestedError
        return project

    async def _require_mine(self, *, at_least: int = 0) -> Configuring | Cancelling:
        project: Project = (await load(self.store, PROJECT, self.project_id, at_least=at_least)).state
        if not isinstance(project, Configuring | Cancelling):
            raise RunNotWantedError(status_of(project))
        if project.worker != self.worker:
            raise RunFencedError(str(project.worker))
        return project
