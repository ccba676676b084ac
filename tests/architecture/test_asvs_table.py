"""The table of the security standard names every requirement once, and only files and tests that exist."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Number and level of each requirement of levels 1 and 2. Source: OWASP/ASVS, 5.0/docs_en, the CSV of 5.0.0.
LEVELS = dict(line.split() for line in Path(__file__).with_name("asvs-5.0.0-levels.txt").read_text().splitlines())
TABLE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Row:
    """`asked` and `where` are the cells as they are written."""

    number: str
    level: str
    asked: str
    verdict: str
    where: str


ROWS = [
    Row(*(cell.strip() for cell in line.strip("|").split(" | ")))
    for line in TABLE.splitlines()
    if re.match(r"\| \d", line)
]
TESTS = sorted(set(re.findall(r"`([\w./-]+\.py)::(\w+)`", TABLE)))
PATHS = sorted(set(re.findall(r"`([\w-][\w./-]*/[\w./-]+|[\w.-]+\.(?:lock|toml|json))`", TABLE)))


def test_every_requirement_of_levels_1_and_2_stands_in_the_table_once_and_in_order() -> None:
    assert [(row.number, row.level) for row in ROWS] == list(LEVELS.items())
    assert (list(LEVELS.values()).count("1"), list(LEVELS.values()).count("2")) == (70, 183)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_row_says_whether_it_is_met_and_where_or_why(row: Row) -> None:
    """What is met has a test, or is a text that somebody can read, or admits that nothing tries it."""
    assert row.verdict in ("met", "n/a", "open")
    assert row.where
    if row.verdict == "met":
        assert any(sign in row.where for sign in ("::test_", "`web/tests/", "`docs/", "no test of ours"))


def test_the_figures_above_the_table_are_its_own() -> None:
    counted = [sum(row.verdict == verdict for row in ROWS) for verdict in ("met", "n/a", "open")]
    assert "{} are met, {} are not applicable, {} are open".format(*counted) in TABLE


@pytest.mark.parametrize(("path", "test"), TESTS, ids=str)
def test_a_test_of_the_table_exists(path: str, test: str) -> None:
    assert re.search(rf"def {test}\(", (ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_the_table_exists(path: str) -> None:
    assert (ROOT / path).exists()
