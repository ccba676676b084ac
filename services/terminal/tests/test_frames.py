"""Which text frames a browser may send."""

import pytest

from hcmp_terminal.api.frames import Auth, MalformedFrameError, Resize, parse


def test_a_resize_and_an_auth_frame_are_read() -> None:
    assert parse('{"type": "resize", "columns": 80, "rows": 24}') == Resize(type="resize", columns=80, rows=24)
    auth = parse('{"type": "auth", "username": "guest", "password": "open sesame"}')
    assert isinstance(auth, Auth)
    assert auth.password.get_secret_value() == "open sesame"
    assert "sesame" not in repr(auth)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"type": "paste"}',
        '{"type": "resize"}',
        '{"type": "resize", "columns": 0, "rows": 24}',
        '{"type": "resize", "columns": 100000, "rows": 24}',
        '{"type": "resize", "columns": "80", "rows": 24}',
        '{"type": "resize", "columns": 80, "rows": 24, "extra": 1}',
        '{"type": "auth", "username": "", "password": "x"}',
        '{"type": "auth", "username": "a\\nb", "password": "x"}',
        '{"type": "auth", "username": "guest"}',
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(MalformedFrameError):
        parse(text)


def test_the_error_does_not_repeat_a_password() -> None:
    with pytest.raises(MalformedFrameError) as error:
        parse('{"type": "auth", "username": "", "password": "open sesame"}')
    assert "sesame" not in str(error.value)
