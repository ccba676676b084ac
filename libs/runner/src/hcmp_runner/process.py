"""The process of a run as whoever started it holds it: with a plan, listened to, and always ended."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
from pydantic import ValidationError

from hcmp_runner.messages import MESSAGE, Ended, Message
from hcmp_runner.plan import HOLD, MARKER, Plan, directory_of
from hcmp_runner.processes import end_all, of_hold, of_run

log = structlog.get_logger(__name__)

STOP_SECONDS = 5.0
LINE_BYTES = 4 * 1024 * 1024


class RunLostError(Exception):
    """The process of a run ended without a last word."""


class RunProcess:
    """A run's process. Made by `run_process`."""

    def __init__(self, process: asyncio.subprocess.Process, plan: Plan) -> None:
        self._process = process
        self._plan = plan
        self.ended: Ended | None = None

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what the process says until its last word, which is kept in `ended`.

        Raises RunLostError when it ends without one.
        """
        if self._process.stdout is None:
            raise TypeError("the process was started without an output to read")
        while said := await self._process.stdout.readline():
            if (message := _read(said)) is None:
                continue
            if isinstance(message, Ended):
                self.ended = message
                return
            yield message
        raise RunLostError

    def stop(self) -> None:
        """Tell the process to end everything of the run; `messages` goes on until it has."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def close(self) -> None:
        """Return when nothing that this process started lives: by its own hand within STOP_SECONDS, or by ours.
        What another worker has started for the same run meanwhile is left alone.
        """
        self.stop()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                if self.ended is None:
                    await self._drain()
                await self._process.wait()
        except (TimeoutError, RunLostError):
            log.warning("run_ended_by_force", run=self._plan.run_id)
            with suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.to_thread(end_hold, self._plan.directory)
            await self._process.wait()

    async def _drain(self) -> None:
        async for _ in self.messages():
            continue


@asynccontextmanager
async def run_process(plan: Plan) -> AsyncIterator[RunProcess]:
    """Start a run's process; whatever happens inside, nothing of the run lives afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hcmp_runner",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=_environment(plan),
        cwd="/",
        start_new_session=True,
        limit=LINE_BYTES,
    )
    run = RunProcess(process, plan)
    try:
        if process.stdin is None:
            raise TypeError("the process was started without an input to write")
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(plan.model_dump_json().encode() + b"\n")
            await process.stdin.drain()
        yield run
    finally:
        await asyncio.shield(run.close())


def end_hold(directory: Path) -> None:
    """End every process of the hold that has this directory, and remove its files. Raises ProcessesLeftError."""
    end_all(lambda: of_hold(directory))
    shutil.rmtree(directory, ignore_errors=True)


def end_leftovers(run_id: str, run_directory: Path) -> None:
    """End every process of this run on this host, whoever started it, and remove its files.

    Raises ProcessesLeftError.
    """
    directories = directory_of(run_directory, run_id)
    end_all(lambda: of_run(run_id, directories))
    for left in run_directory.glob(f"{directories.name}*"):
        shutil.rmtree(left, ignore_errors=True)


def _environment(plan: Plan) -> dict[str, str]:
    """Nothing of the worker's own environment, in which there are secrets, but where programs are."""
    programs = Path(sys.executable).parent
    return {
        MARKER: plan.run_id,
        HOLD: plan.directory.name,
        "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(plan.directory / "home"),
        "TMPDIR": str(plan.directory / "tmp"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }


def _read(said: bytes) -> Message | None:
    """A message; None for half a line that a killed process left."""
    try:
        return MESSAGE.validate_json(said) if said.strip() else None
    except ValidationError:
        log.warning("run_said_half_a_line", bytes=len(said))
        return None
