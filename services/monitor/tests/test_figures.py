"""The window of a chart."""

from datetime import UTC, datetime, timedelta

import pytest

from hcmp_monitor.domain.figures import Span, window

NOW = datetime(2026, 11, 23, 12, 0, 17, tzinfo=UTC)


@pytest.mark.parametrize(("span", "points"), [(Span.HOUR, 120), (Span.DAY, 288), (Span.WEEK, 336)])
def test_a_chart_has_a_few_hundred_points_on_whole_steps(span: Span, points: int) -> None:
    asked = window(span, now=NOW, not_before=None)
    assert (asked.end - asked.start) / asked.step == points
    assert asked.end.timestamp() % asked.step.total_seconds() == 0
    assert NOW - asked.end < asked.step


def test_no_point_looks_back_behind_the_day_the_machine_was_given() -> None:
    given = NOW - timedelta(minutes=20)
    asked = window(Span.HOUR, now=NOW, not_before=given)
    assert given <= asked.start - asked.rate < given + asked.step


def test_a_machine_held_for_longer_than_the_span_shows_all_of_it() -> None:
    given = NOW - timedelta(days=30)
    assert window(Span.HOUR, now=NOW, not_before=given) == window(Span.HOUR, now=NOW, not_before=None)
