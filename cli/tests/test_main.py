"""The command's own words: what it says when there is nothing, or something is in the way."""

import json
import socket
from pathlib import Path

from typer.testing import CliRunner

from hcmp_cli import home, ports
from hcmp_cli.main import app

run = CliRunner().invoke


def test_there_is_nothing_to_stop_remove_or_show(tmp_path: Path) -> None:
    for words in (["down"], ["clean", "--yes"]):
        answer = run(app, [*words, "--home", str(tmp_path)])
        assert answer.exit_code == 0
        assert "There is no installation" in answer.output
    assert run(app, ["status", "--home", str(tmp_path)]).exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_status_of_what_is_stopped_is_for_programs_too(tmp_path: Path) -> None:
    home.create(tmp_path)
    answer = run(app, ["status", "--json", "--home", str(tmp_path)])
    assert answer.exit_code == 3
    assert {part["state"] for part in json.loads(answer.output)} == {"stopped"}


def test_clean_asks_and_takes_no_for_an_answer(tmp_path: Path) -> None:
    made = home.create(tmp_path)
    assert run(app, ["clean", "--home", str(tmp_path)], input="n\n").exit_code == 1
    assert made.exists


def test_a_taken_port_ends_the_start_with_one_sentence_and_leaves_nothing_running(tmp_path: Path) -> None:
    made = home.create(tmp_path)
    ports.load(made, free=True)
    with socket.create_server(("127.0.0.1", ports.load(made).postgres)):
        answer = run(app, ["up", "--home", str(tmp_path)])
    assert answer.exit_code == 1
    assert f"Port {ports.load(made).postgres} (postgres) is taken" in answer.output
    assert "Traceback" not in answer.output
    assert not (made.path / "supervisord.pid").exists()
