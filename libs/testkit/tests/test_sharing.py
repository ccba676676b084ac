"""A run that is spread over workers: who shares a worker, and what becomes of the tests of one that died."""

import os
import subprocess
import sys
from pathlib import Path

NOTES = """
import os
from pathlib import Path

def test_notes_its_worker():
    Path(__file__ + ".worker").write_text(os.environ["PYTEST_XDIST_WORKER"])
"""
DIES = """
import os

def test_comes_first(): pass
def test_dies(): os._exit(3)
def test_comes_last(): pass
"""


def run(folder: Path, **files: str) -> str:
    """What pytest says at its end, of two workers on these files."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "hcmp_testkit.plugin", "-n", "2", "--dist", "loadscope"]
    options = ["--import-mode=importlib", "--no-loadscope-reorder", f"--rootdir={folder}", "-q"]
    done = subprocess.run(
        [*command, *options, "."], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    return done.stdout.strip().splitlines()[-1]


def test_the_tests_of_an_installations_folder_share_a_worker(tmp_path: Path) -> None:
    names = ("tests__e2e__test_one", "tests__e2e__test_two", "tests__e2e__more__test_three")
    assert "3 passed" in run(tmp_path, **dict.fromkeys(names, NOTES))
    assert len({note.read_text() for note in tmp_path.rglob("*.worker")}) == 1


def test_a_test_that_ends_its_worker_has_failed_once_and_the_others_run(tmp_path: Path) -> None:
    assert "1 failed, 3 passed" in run(tmp_path, test_dies=DIES, test_other=NOTES)
