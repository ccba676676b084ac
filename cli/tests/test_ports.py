"""Ports: one settings file, chosen once, and a sentence when another program has one."""

import socket
from pathlib import Path

import pytest

from hcmp_cli import home, ports
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import Home


@pytest.fixture
def made(tmp_path: Path) -> Home:
    return home.create(tmp_path / "home")


def test_the_usual_ports_are_copied_into_the_home(made: Home) -> None:
    assert ports.load(made).gateway == 8080
    assert ports.settings_file(made).read_text() == ports.DEFAULTS.read_text()


def test_a_changed_port_counts(made: Home) -> None:
    ports.settings_file(made).write_text("gateway = 9090\n")
    assert ports.load(made).gateway == 9090
    assert ports.load(made).auth == 8101


def test_free_ports_are_all_different_and_kept(made: Home) -> None:
    chosen = ports.load(made, free=True)
    assert len({getattr(chosen, name) for name in ports.NAMES}) == len(ports.NAMES)
    assert ports.load(made) == chosen


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gateway = 0\n", "gateway must be a port number"),
        ("gateway = '80'\n", "gateway must be a port number"),
        ("door = 80\n", "a part that does not exist: door"),
        ("gateway = \n", "not valid TOML"),
    ],
)
def test_a_wrong_settings_file_is_named_with_its_fault(made: Home, text: str, sentence: str) -> None:
    ports.settings_file(made).write_text(text)
    with pytest.raises(LauncherError, match=sentence):
        ports.load(made)


def test_a_taken_port_is_named_with_the_file_to_change(made: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LauncherError) as refused:
            ports.refuse_taken(made, "gateway", port)
    assert f"Port {port} (gateway) is taken by" in refused.value.sentence
    assert str(ports.settings_file(made)) in refused.value.sentence
