"""`python -m hcmp_runner`: one run in a process of its own, which leaves nothing behind.

It reads its plan from standard input and stays in charge: when that input ends (the worker has died) or says
`stop`, it ends every process of the run. Only then, and after the run's files are gone, it says `ended`.
"""

import os
import select
import signal
import sys
import traceback
from contextlib import suppress
from types import FrameType

from hcmp_runner.files import run_files
from hcmp_runner.messages import Ended
from hcmp_runner.plan import Plan
from hcmp_runner.processes import become_subreaper, descendants, die_with_parent, end_all

BROKEN = 254


def main() -> None:
    with open(0, "rb", buffering=0, closefd=False) as told:  # unbuffered: what follows the plan is waited for
        plan = Plan.model_validate_json(told.readline())
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _leave)
    become_subreaper()
    try:
        with run_files(plan):
            try:
                code = _supervise(_fork(plan))
            finally:
                end_all(descendants)
    except BrokenPipeError:
        return
    _say(Ended(code=BROKEN if code is None else code, stopped=code is None))


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit(BROKEN)


def _fork(plan: Plan) -> int:
    """Start the process that runs Ansible; it has no part in this one's standard input."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = BROKEN
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        from hcmp_runner.ansible import run_ansible

        code = run_ansible(plan)
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _supervise(child: int) -> int | None:
    """Wait for Ansible's exit code; None when the run was told to stop, or nobody is there to tell it."""
    exited = os.pidfd_open(child)
    try:
        readable, _, _ = select.select([0, exited], [], [])
        if exited in readable:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return None
    finally:
        os.close(exited)


def _say(ended: Ended) -> None:
    """A killed process may have left half a line: begin a new one."""
    with suppress(BrokenPipeError):
        sys.stdout.write("\n" + ended.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
