"""Text in a question to Prometheus is text, whatever stands in it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from hcmp_monitor.adapters import promql


def unquoted(literal: str) -> str:
    """What PromQL reads in a double-quoted string."""
    assert re.fullmatch(r'"(?:[^"\\\n]|\\["\\n])*"', literal), literal
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], literal[1:-1])


@given(st.text())
def test_a_quoted_text_reads_as_itself(text: str) -> None:
    assert unquoted(promql.quoted(text)) == text


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1), st.text())
def test_any_of_matches_these_texts_and_no_other(texts: list[str], other: str) -> None:
    pattern = re.compile(unquoted(promql.any_of(texts)), re.DOTALL)
    assert all(pattern.fullmatch(text) for text in texts)
    assert bool(pattern.fullmatch(other)) == (other in texts)


def test_a_question_about_some_machines_names_them_and_one_about_all_none() -> None:
    assert promql.selector(None) == 'job="node"'
    assert promql.selector(['a"} or up{x="']) == r'job="node",vm_id="a\"} or up{x=\""'
    assert promql.selector(["a", "b.c"]) == r'job="node",vm_id=~"a|b\\.c"'
