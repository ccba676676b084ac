"""The page of faults names tests that exist, and every fault has one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROWS = re.findall(r"^\| (\d+) \|.*\|(.*)\|$", PAGE, re.MULTILINE)


def test_every_fault_of_the_page_is_tried() -> None:
    assert ROWS
    assert [number for number, tests in ROWS if "`" not in tests] == []


def test_every_test_of_the_page_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)
    assert named
    absent = [f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]
    assert absent == []
