"""Where a run stands, told from what its process says. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hcmp_contracts.project import HostFailure, HostResult
from hcmp_runner.messages import PlayBegan, Tally, TaskEnded

# What a step's event tells of each machine is bounded: of 50 machines, 40 kB at most.
MAX_TASKS = 10
MAX_NAME = 80

# Words of SSH for a machine that answers and refuses: trying again changes nothing.
DENIED = "Permission denied"
REFUSALS = ("Host key verification failed", DENIED, "REMOTE HOST IDENTIFICATION HAS CHANGED")


def worth_another_try(failure: HostFailure, *, lapsed: bool = False) -> bool:
    """Whether a machine that was not reached may answer a moment later; `lapsed`: the run's certificate was no
    longer good, which the machine says as it says every refusal.
    """
    if lapsed and DENIED in failure.reason:
        return failure.unreachable
    return failure.unreachable and not any(words in failure.reason for words in REFUSALS)


@dataclass
class Progress:
    """The step that is running and how it goes on each machine. `first` is the first step of this process."""

    first: int
    current: int | None = None
    _plays: list[str] = field(default_factory=list)
    _counts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _changed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _failures: dict[str, HostFailure] = field(default_factory=dict)
    _tally: Tally | None = None
    cut_short: bool = False

    def step_of(self, began: PlayBegan) -> int | None:
        """The number of the step that begins; None for one more batch of the play that runs already.

        Ansible goes on to the next play although machines were unreachable, with those that are left, even where
        any error is to be fatal (it counts such machines twice, in playbook_executor.py of ansible-core 2.19). The
        step is not done then: the run is `cut_short`.
        """
        if began.play in self._plays:
            return None
        if away := sorted(vm for vm, failure in self._failures.items() if failure.unreachable):
            self.cut_short = True
            self.judge(Tally(failed=[], unreachable=away))
            return None
        self._plays.append(began.play)
        return self.first + len(self._plays) - 1

    def begin(self, number: int) -> None:
        self.current = number
        self._counts.clear()
        self._changed.clear()
        self._failures.clear()

    def end(self) -> None:
        self.current = None

    def count(self, task: TaskEnded) -> None:
        self._counts[task.vm][task.outcome] += 1
        if task.outcome == "changed" and len(self._changed[task.vm]) < MAX_TASKS:
            self._changed[task.vm].append(task.task[:MAX_NAME])
        if task.outcome in ("failed", "unreachable"):
            self._failures[task.vm] = HostFailure(
                vm=task.vm, task=task.task, reason=task.reason, unreachable=task.outcome == "unreachable"
            )

    def lost(self) -> tuple[HostFailure, ...]:
        """The machines that the running step could not reach, when nothing but that went wrong."""
        if self.current is None or self._tally is None or self._tally.failed:
            return ()
        return self.failures() if self._tally.unreachable else ()

    def judge(self, tally: Tally) -> None:
        self._tally = tally

    def hosts(self) -> tuple[HostResult, ...]:
        """How many tasks of this step ended how on each machine, as Ansible counts: a failure that was
        rescued is none, and a change is also ok.
        """
        failed = {failure.vm for failure in self.failures() if not failure.unreachable}
        return tuple(
            HostResult(
                vm=vm,
                ok=counts["ok"] + counts["changed"],
                changed=counts["changed"],
                failed=int(vm in failed),
                unreachable=counts["unreachable"],
                skipped=counts["skipped"],
                changed_tasks=list(self._changed[vm]),
            )
            for vm, counts in sorted(self._counts.items())
        )

    def failures(self) -> tuple[HostFailure, ...]:
        """Each machine's last failure of this step that was not rescued; only the run's end tells which."""
        if self._tally is None:
            return ()
        lost = {*self._tally.failed, *self._tally.unreachable}
        return tuple(failure for vm, failure in sorted(self._failures.items()) if vm in lost)
