"""The folder of an installation: private, and never more removed than was made."""

from pathlib import Path

import pytest

from hcmp_cli import home
from hcmp_cli.errors import LauncherError


def test_a_home_and_all_in_it_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    made = home.create(tmp_path / "home")
    folders = [made.path, *(path for path in made.path.iterdir() if path.is_dir())]
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}


def test_an_installation_keeps_its_id(tmp_path: Path) -> None:
    assert home.create(tmp_path).installation == home.create(tmp_path).installation


def test_two_installations_differ(tmp_path: Path) -> None:
    assert home.create(tmp_path / "a").installation != home.create(tmp_path / "b").installation


def test_removing_leaves_what_the_installation_did_not_make(tmp_path: Path) -> None:
    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work")
    home.remove(home.create(tmp_path))
    assert list(tmp_path.iterdir()) == [mine]


def test_removing_takes_the_folder_when_nothing_else_is_in_it(tmp_path: Path) -> None:
    made = home.create(tmp_path / "home")
    home.remove(made)
    assert not made.path.exists()


def test_a_private_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home.write_private(tmp_path / "secret", "s")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_second_command_is_told_to_wait(tmp_path: Path) -> None:
    made = home.create(tmp_path)
    with home.locked(made), pytest.raises(LauncherError, match="Another hcmp command"), home.locked(made):
        pass
    with home.locked(made):
        pass
