"""The matrix of faults as people read it."""

from typing import Literal

import pytest

from hcmp_testkit.matrix import TESTS, cell_id, matrix_tables

Outcome = Literal["passed", "failed"]


def report(row: str, column: str, outcome: Outcome = "passed", why: str | None = None) -> pytest.TestReport:
    nodeid = f"{TESTS}test_a_kill[{cell_id(row, column)}]"
    return pytest.TestReport(nodeid, (nodeid, 1, "a kill"), {}, outcome, why, "call")


def test_a_row_for_each_process_and_a_column_for_each_moment_with_the_reasons_below() -> None:
    reports = [
        report("worker project.provisioned", "before ack"),
        report("worker project.provisioned", "after ack", "failed", "the moment never came\nand more"),
        report("inventory vm.assigned", "before ack"),
    ]
    assert matrix_tables(reports) == [
        "process                    | before ack | after ack",
        "---------------------------|------------|----------",
        "inventory vm.assigned      | ok         |          ",
        "worker project.provisioned | ok         | FAILED   ",
        "",
        "worker project.provisioned, after ack: the moment never came",
    ]


def test_nothing_is_printed_where_no_cell_was_tried() -> None:
    assert matrix_tables([]) == []
