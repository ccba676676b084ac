"""`hcmp keys rotate`, over an installation that is not really started and an inventory with made-up answers."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hcmp_cli import demo, home, integrity
from hcmp_cli.credentials import Credentials
from hcmp_cli.installation import open_home
from hcmp_cli.main import app

NOTHING: dict[str, Any] = {"machines": [], "projects": [], "settings": False, "unreadable": []}


class Platform:
    """What the inventory answers; and with which keys the platform was started, and asked, in their order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answer = NOTHING
        self.happened: list[tuple[str, str]] = []
        self.killed_at: str | None = None

    @property
    def keys(self) -> str:
        return Credentials(self.path / "secrets").fernet_key()

    def start(self, *_: Any, **__: Any) -> Any:
        self._note("start")
        return open_home(self.path)

    def ask(self, *given: Any) -> dict[str, Any]:
        self._note(given[-1])
        return self.answer

    def _note(self, what: str) -> None:
        if what == self.killed_at:
            raise KeyboardInterrupt
        self.happened.append((what, self.keys))

    def rotate(self, *options: str) -> Result:
        return CliRunner().invoke(app, ["keys", "rotate", "--home", str(self.path), *options])


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    home.create(tmp_path)
    platform = Platform(tmp_path)
    monkeypatch.setattr(demo, "start", platform.start)
    monkeypatch.setattr(integrity, "ask", platform.ask)
    return platform


def test_every_service_has_the_new_key_before_anything_is_written_under_it(platform: Platform) -> None:
    old = platform.keys
    answer = platform.rotate()
    assert answer.exit_code == 0, answer.output
    new, kept = platform.keys.split(",")
    assert kept == old != new
    assert platform.happened == [("start", f"{new},{old}"), ("reencrypt", f"{new},{old}")]
    assert "Nothing needs the older one" in answer.output


@pytest.mark.parametrize("moment", ["start", "reencrypt"])
def test_a_rotation_that_was_interrupted_goes_on_with_the_same_key(platform: Platform, moment: str) -> None:
    platform.killed_at = moment
    assert platform.rotate().exit_code == 130
    begun, platform.killed_at = platform.keys, None
    assert platform.rotate().exit_code == 0
    assert platform.keys == begun
    assert platform.happened[-1] == ("reencrypt", begun)


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        ({"machines": ["a", "b"]}, "still under the older key: 2"),
        ({"settings": True}, "still under the older key: 1"),
        ({"projects": ["shop"]}, "until they are deleted: 1 (shop)"),
    ],
)
def test_the_older_key_stays_while_something_needs_it(platform: Platform, left: Any, sentence: str) -> None:
    platform.rotate()
    begun, platform.answer = platform.keys, NOTHING | left
    answer = platform.rotate("--drop-old")
    assert answer.exit_code == 1
    assert sentence in answer.output
    assert platform.keys == begun


def test_the_older_key_is_forgotten_when_nothing_needs_it(platform: Platform) -> None:
    platform.rotate()
    new = platform.keys.split(",")[0]
    assert platform.rotate("--drop-old").exit_code == 0
    assert platform.keys == new
    assert platform.happened[-1] == ("start", new)
    assert "no older one" in platform.rotate("--drop-old").output
