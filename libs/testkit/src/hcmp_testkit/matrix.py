"""The matrix of faults as a table, made from the ids of its tests: process, fact and moment."""

import re
from collections.abc import Iterable

import pytest

TESTS = "tests/faults/test_matrix.py::"
_ID = re.compile(r"\[(?P<row>.+): (?P<column>[^:\]]+)\]$")


def cell_id(row: str, column: str) -> str:
    """The id of the test of one cell."""
    return f"{row}: {column}"


def matrix_tables(reports: Iterable[pytest.TestReport]) -> list[str]:
    """A table for each test of the matrix, with the reason of each failure below it; nothing when none ran."""
    cells: dict[str, dict[str, dict[str, str]]] = {}
    reasons: list[str] = []
    for report in reports:
        if not report.nodeid.startswith(TESTS) or (found := _ID.search(report.nodeid)) is None:
            continue
        if report.when != "call" and report.passed:
            continue
        test = report.nodeid.removeprefix(TESTS).partition("[")[0]
        row = cells.setdefault(test, {}).setdefault(found["row"], {})
        row[found["column"]] = "ok" if report.passed else "FAILED"
        if not report.passed:
            reasons.append(f"{found['row']}, {found['column']}: {_reason(report)}")
    return [line for table in cells.values() for line in _lines(table)] + reasons


def _lines(table: dict[str, dict[str, str]]) -> list[str]:
    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    first = max(len(name) for name in (*table, "process"))
    head = [f"{'process':{first}}", *columns]
    lines = [" | ".join(head), "-|-".join("-" * len(cell) for cell in head)]
    for name, row in sorted(table.items()):
        cells = [f"{row.get(column, ''):{len(column)}}" for column in columns]
        lines.append(" | ".join([f"{name:{first}}", *cells]))
    return [*lines, ""]


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).splitlines()[0]
