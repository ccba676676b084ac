"""The saga of one run: from granted machines to a configured project, or to a clear word about why not.

Every fact is appended on the version of the project that it was decided on, by the worker that has the run:
whoever lost it is told so by the next append (RunFencedError) and stops.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from hcmp_contracts.allocation import AllocationGranted
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore
from hcmp_provisioner.domain.commands import (
    Cancel,
    Complete,
    Fail,
    FailStep,
    FinishStep,
    ReplaceMachines,
    StartRun,
    StartStep,
)
from hcmp_provisioner.domain.errors import (
    ReplacedTooOftenError,
    RunCancelRequestedError,
)
from hcmp_provisioner.domain.project_state import Details
from hcmp_provisioner.worker.certificate import Entrance, RunIdentity, given
from hcmp_provisioner.worker.hold import Hold
from hcmp_provisioner.worker.interruption import Interruption
from hcmp_provisioner.worker.plans import Planner, UnusablePlanError
from hcmp_provisioner.worker.progress import Progress, worth_another_try
from hcmp_provisioner.worker.run_log import RunLog
from hcmp_provisioner.worker.run_process import run_plan
from hcmp_provisioner.worker.watch import watch_broker, watch_project
from hcmp_runner.messages import Ended, Line, Message, PlayBegan, Tally, TaskEnded
from hcmp_runner.process import RunLostError, end_leftovers

LAST_LINES = 20

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Saga:
    """One worker's hold on one run. `worker` is a name that no other hold ever has; a run that fails keeps its
    machines for `hold`. A step whose machines cannot be reached is tried again after each of the seconds of
    `patience`.
    """

    store: EventStore
    planner: Planner
    entrance: Entrance
    clock: Callable[[], datetime]
    project_id: str
    granted: AllocationGranted
    worker: str
    context: Context
    hold: timedelta
    patience: Sequence[float] = ()
    _interruption: Interruption = field(default_factory=Interruption)
    _last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    def __post_init__(self) -> None:
        self._hold = Hold(self.store, self.project_id, self.worker, self.context)
        self._log = RunLog(self.store.client, self.project_id, clock=self.clock, still_mine=self._hold.require)

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
        sequence = await self._hold.execute(StartRun(self.granted.attempt, self.worker, self.granted.fresh))
        run = await self._hold.mine(at_least=sequence)
        details, first = run.details, run.finished + 1
        await self._log_begin(details, first)
        if first <= len(details.steps):
            await self._end_leftovers()
            async with self._watched(sequence):
                progress, code = await self._run_steps(details, first)
            self._interruption.check()
            if code != 0:
                return await self._end_failed(progress, details)
            await self._finish_all(progress, details)
        await self._hold.execute(Complete(self.worker, await self._log.flush()))
        return "completed"

    async def _run_steps(self, details: Details, first: int) -> tuple[Progress, int]:
        """Run the steps in one process; in another one from a step on whose machines could not be reached."""
        pauses = iter(self.patience)
        while True:
            progress = Progress(first)
            code, identity = await self._run_process(details, progress)
            lapsed = identity is not None and identity.lapsed
            lost = progress.lost()
            again = lost and all(worth_another_try(failure, lapsed=lapsed) for failure in lost)
            pause = next(pauses, None) if again else None
            if pause is None or progress.current is None:
                return progress, code
            names = ", ".join(failure.vm for failure in lost)
            await self._log.line(f"{names} could not be reached; the step is tried again in {pause:g} s.")
            await self._interruption.pause(pause)
            self._interruption.check()
            first = progress.current

    async def _run_process(self, details: Details, progress: Progress) -> tuple[int, RunIdentity | None]:
        """Run the steps from where `progress` begins, with a certificate that is renewed for as long as they run;
        return Ansible's exit code, and the certificate.
        """
        machines, first = self.granted.machines, progress.first
        plan = self.planner.plan(self.project_id, details, first_step=first, machines=machines)
        identity = await self.entrance.identity(machines, self._interruption, self._log.line)
        hear = partial(self._hear, progress, details)
        async with given(identity, plan) as opened:
            code = await run_plan(opened, self._interruption, hear, enough=lambda: progress.cut_short)
        return code, identity

    async def _hear(self, progress: Progress, details: Details, message: Message) -> None:
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
        await self._hold.execute(StartStep(self.worker, number))
        progress.begin(number)
        await self._log.step(number, details.steps[number - 1].name, "running")

    async def _finish_step(self, progress: Progress, details: Details) -> None:
        """The running step succeeded: a failure anywhere would have ended the run."""
        if (number := progress.current) is None:
            return
        await self._hold.execute(FinishStep(self.worker, number, progress.hosts()))
        progress.end()
        await self._log.step(number, details.steps[number - 1].name, "succeeded")

    async def _finish_all(self, progress: Progress, details: Details) -> None:
        """Ansible says that all went well: so did steps whose beginning was not heard."""
        await self._finish_step(progress, details)
        while (finished := (await self._hold.mine()).finished) < len(details.steps):
            await self._start_step(finished + 1, progress, details)
            await self._finish_step(progress, details)

    async def _end_failed(self, progress: Progress, details: Details) -> str:
        number = progress.current
        if number is None:
            said = "\n".join(line for text in self._last_lines if (line := _COLOURS.sub("", text).strip()))
            return await self._fail(f"Ansible could not begin. {said}".strip())
        if progress.lost() and self.planner.replaces(details):
            with suppress(ReplacedTooOftenError):
                return await self._replace(number, progress, details)
        return await self._fail_step(number, progress, details)

    async def _replace(self, number: int, progress: Progress, details: Details) -> str:
        """The machines that stay away are given up; the run of the next attempt has others in their place."""
        lost = progress.lost()
        names = [failure.vm for failure in lost]
        await self._log.line(f"{', '.join(names)} stayed unreachable and will be replaced.")
        await self._log.step(number, details.steps[number - 1].name, "failed")
        await self._log.flush()
        ids = tuple(machine.vm_id for machine in self.granted.machines if machine.name in names)
        await self._hold.execute(ReplaceMachines(self.worker, number, ids, hosts=progress.hosts(), failures=lost))
        return "replaced"

    async def _fail_step(self, number: int, progress: Progress, details: Details) -> str:
        failures = progress.failures()
        name = details.steps[number - 1].name
        await self._log.step(number, name, "failed")
        where = f" on {', '.join(failure.vm for failure in failures)}" if failures else ""
        reason = failures[0].reason.splitlines()[0] if failures else "Ansible ended without a reason."
        await self._hold.execute(
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
        await self._hold.execute(Fail(self.worker, detail, await self._log.flush(), self._held_until()))
        return "failed"

    def _held_until(self) -> datetime | None:
        return self.clock() + self.hold if self.hold else None

    async def _cancel(self) -> str:
        await self._end_leftovers()
        return await self._end_cancelled()

    async def _end_cancelled(self) -> str:
        await self._hold.execute(Cancel(self.granted.attempt, await self._log.flush()))
        return "cancelled"

    @asynccontextmanager
    async def _watched(self, after: int) -> AsyncIterator[None]:
        """While inside, interrupt the run when the project's own events, the broker or the log say so."""
        client, guard = self.store.client, self._interruption.guard
        watching = watch_project(client, self.project_id, worker=self.worker, after=after)
        watches = [
            asyncio.create_task(guard(watching)),
            asyncio.create_task(guard(watch_broker(client))),
        ]
        flushing = asyncio.create_task(guard(self._log.keep_flushing()))
        try:
            yield
        finally:
            for watch in watches:
                watch.cancel()
            self._log.finish()
            await asyncio.wait([*watches, flushing])

    async def _end_leftovers(self) -> None:
        """Nothing of this run, of a worker that died for one, may live on this host beside us."""
        await asyncio.to_thread(end_leftovers, self.project_id, self.planner.run_directory)

    async def _log_begin(self, details: Details, first: int) -> None:
        if details.dry_run:
            await self._log.line("This is a dry run: it shows what would change, and changes nothing.")
        if first > 1:
            await self._log.line(f"The run goes on at step {first} of {len(details.steps)}.")
        elif details.attempt > 1:
            await self._log.line(f"Attempt {details.attempt} begins.")
