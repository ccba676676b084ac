"""How a run of tests is spread over several workers (pytest-xdist): what shares something dear stays together.

A worker has servers of its own. The tests of one file run in one worker, so that a fixture that stands for the
file is set up once; those of a folder that drives an installation run in one worker too, so that the installation
is brought up once. pytest-xdist's own groups are no help: they write into the test's id, which pytest 9 ended.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# They take longest, and so are begun first.
INSTALLATIONS = (
    "tests/e2e/",
    "tests/faults/",
    "cli/tests/test_demo.py",
    "tests/integration/test_backup_installation.py",
)


class SharingScheduling(LoadScopeScheduling):  # type: ignore[misc] # it ships no types
    """Hands a worker one file at a time, or one folder of tests of an installation."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in INSTALLATIONS if nodeid.startswith(place)), nodeid.partition("::")[0])

    def remove_node(self, node: WorkerController) -> str | None:
        """A worker is over; when it crashed, the test that it was at, which is told as failed and not tried again
        (pytest-xdist would, once for every worker that it starts instead), and the rest goes to others.
        """
        workload: dict[str, dict[str, bool]] = self.assigned_work.pop(node)
        undone = [(unit, test) for unit in workload.values() for test, done in unit.items() if not done]
        if not undone:
            return None
        unit, crashed = undone[0]
        unit[crashed] = True
        self.workqueue.update({scope: unit for scope, unit in workload.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed


def begin_with_the_longest(items: list[pytest.Item]) -> None:
    """Put the tests of installations first; the order is otherwise as it was."""
    items.sort(key=lambda item: not item.nodeid.startswith(INSTALLATIONS))
