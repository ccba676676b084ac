"""A run's process as the worker hears it, until something interrupts."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from hcmp_provisioner.worker.interruption import Interruption
from hcmp_runner.messages import Message
from hcmp_runner.plan import Plan
from hcmp_runner.process import RunLostError, run_process


async def run_plan(
    plan: Plan,
    interruption: Interruption,
    hear: Callable[[Message], Coroutine[Any, Any, None]],
    *,
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """Run a plan and hear what its process says, until interrupted or until `enough` was heard; then only wait
    until it has ended everything.

    Return Ansible's exit code. Raises RunLostError, and what interrupted it.
    """
    async with run_process(plan) as process:
        with interruption.stopping(process.stop), suppress(RunLostError):
            async for message in process.messages():
                if interruption.reason is None and not enough():
                    await interruption.guard(hear(message))
                    if enough():
                        process.stop()
    interruption.check()
    if process.ended is None:
        raise RunLostError
    return process.ended.code
