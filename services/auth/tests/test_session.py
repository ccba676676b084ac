"""When a refresh token is good, repeated, reused or expired."""

from datetime import UTC, datetime, timedelta

import pytest

from hcmp_auth.domain.session import Presented, judge

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("used_ago", "expires_at", "expected"),
    [
        (None, LATER, Presented.FRESH),
        (timedelta(0), LATER, Presented.REPEATED),
        (timedelta(seconds=10), LATER, Presented.REPEATED),
        (timedelta(seconds=10, microseconds=1), LATER, Presented.REUSED),
        (timedelta(days=2), NOW, Presented.REUSED),
        (None, NOW, Presented.EXPIRED),
        (timedelta(seconds=1), NOW, Presented.EXPIRED),
    ],
)
def test_a_refresh_token_is_used_once_and_repeated_only_at_once(
    used_ago: timedelta | None, expires_at: datetime, expected: Presented
) -> None:
    used_at = NOW - used_ago if used_ago is not None else None
    assert judge(used_at=used_at, expires_at=expires_at, now=NOW) is expected
