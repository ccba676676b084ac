"""Every cause that a service tells by its slug can be said in the browser, with the facts that it comes with."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from hcmp_inventory.adapters.vsphere.faults import UNTRUSTED
from hcmp_inventory.adapters.vsphere.places import VcenterKind
from hcmp_inventory.ports.connections import Objection, Silence

ROOT = Path(__file__).parents[2]
MESSAGES = ROOT / "web" / "src" / "shared" / "i18n" / "messages"
# By key: the English words; that the Korean ones need the same values is the web's own test.
WORDS = {
    key: english
    for name in ("causes.ts", "vcenter-causes.ts")
    for key, english in re.findall(
        r'^  "([^"]+)": \[\s*"((?:[^"\\]|\\.)*)"', (MESSAGES / name).read_text(), re.MULTILINE
    )
}


def told() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Where a cause is made of a slug that is spelled out, the slug, and the names of its facts."""
    for path in sorted((ROOT / "services").glob("*/src/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="Cause"), attr="of"), args=[slug, *_]):
                    pass
                case ast.Call(func=ast.Attribute(value=ast.Name(id="Reason"), attr="of"), args=[_, slug]):
                    pass
                case _:
                    continue
            facts = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
            if isinstance(slug, ast.Constant):
                yield f"{path.name}:{node.lineno}", str(slug.value), facts


@pytest.mark.parametrize(("slug", "facts"), [pytest.param(slug, facts, id=place) for place, slug, facts in told()])
def test_a_cause_has_words_that_need_no_other_facts_than_it_has(slug: str, facts: frozenset[str]) -> None:
    assert set(re.findall(r"\{(\w+)\}", WORDS[f"cause.{slug}"])) <= facts


def test_causes_that_follow_from_a_list_have_words_too() -> None:
    slugs = [
        *get_args(Silence),
        *(f"address-{objection}" for objection in get_args(Objection)),
        *UNTRUSTED.values(),
        *("clock-ahead", "clock-behind"),
        *("row-too-long", "row-two-secrets"),
        *("certificate-other", "certificate-untrusted", "no-tls", "connection-failed", "no-vcenter"),
    ]
    wanted = [f"cause.{slug}" for slug in slugs] + [f"kind.{kind}" for kind in get_args(VcenterKind)]
    assert [key for key in wanted if key not in WORDS] == []


def test_words_for_a_pattern_are_for_one_that_is_there() -> None:
    of_patterns = [key.split(".", 2)[2] for key in WORDS if key.startswith("cause.field-string-pattern-mismatch.")]
    document = (ROOT / "docs" / "reference" / "openapi" / "inventory.json").read_text()
    assert len(of_patterns) == 2
    for pattern in of_patterns:
        assert f'"pattern": "{pattern}"' in document, "its backslashes are doubled in both files"
