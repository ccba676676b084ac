"""The table of faults names tests that exist, so that whoever reads it can run them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", TABLE)


def test_every_fault_that_must_be_tried_has_its_line() -> None:
    lines = re.findall(r"^\| (\d+) \|", TABLE, re.MULTILINE)
    assert [int(line) for line in lines] == [*range(1, 20), 27, 28, 29, 33, 34, 35]


@pytest.mark.parametrize(("path", "test"), NAMED, ids=str)
def test_a_test_of_the_table_exists(path: str, test: str) -> None:
    assert re.search(rf"def {test}\(", (ROOT / path).read_text(encoding="utf-8"))
