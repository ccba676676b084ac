"""The lab's images and engine: built once, named by their inputs, and clear about what is missing."""

import shutil
from pathlib import Path

import pytest

from hcmp_cli import lab
from hcmp_cli.home import REPOSITORY
from hcmp_cli.lab.images import _lab_recipe, _prometheus_recipe


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path in ("deploy/lab", "deploy/prometheus"):
        shutil.copytree(REPOSITORY / path, tmp_path / path)
    (tmp_path / "playbooks").mkdir()
    shutil.copy(REPOSITORY / "playbooks/debian-packages.txt", tmp_path / "playbooks")
    return tmp_path


def test_a_copy_of_the_inputs_is_the_same_image(checkout: Path) -> None:
    assert _lab_recipe(checkout).image == _lab_recipe(REPOSITORY).image
    assert _prometheus_recipe(checkout).image == _prometheus_recipe(REPOSITORY).image


@pytest.mark.parametrize(
    "path", ["deploy/lab/Dockerfile", "deploy/lab/rootfs/usr/sbin/init", "playbooks/debian-packages.txt"]
)
def test_each_input_changes_the_name(checkout: Path, path: str) -> None:
    before = _lab_recipe(checkout).image
    with (checkout / path).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert _lab_recipe(checkout).image != before


def test_a_program_that_lost_its_mode_changes_the_name(checkout: Path) -> None:
    before = _lab_recipe(checkout).image
    (checkout / "deploy/lab/rootfs/usr/sbin/init").chmod(0o644)
    assert _lab_recipe(checkout).image != before


def test_the_manual_is_no_input(checkout: Path) -> None:
    before = _lab_recipe(checkout).image
    (checkout / "deploy/lab/README.md").write_text("another text", encoding="utf-8")
    assert _lab_recipe(checkout).image == before


@pytest.mark.containers
@pytest.mark.timeout(600)
def test_images_are_built_once(tmp_path: Path) -> None:
    lab.ensure_engine(print, tmp_path)
    first = lab.ensure_images(print)
    said: list[str] = []
    assert lab.ensure_images(said.append) == first
    assert said == []


def test_an_engine_named_by_the_environment_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(lab.EngineUnavailable, match=r"tcp://127\.0\.0\.1:1, which DOCKER_HOST names"):
        lab.ensure_engine(print, tmp_path)
    assert not (tmp_path / "logs").exists()


def test_stopping_without_an_engine_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    lab.stop_all("nothing")
