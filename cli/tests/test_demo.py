"""`hcmp demo` as a person runs it: up, up again, down, up, clean."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from hcmp_cli import processes
from hcmp_cli.home import Home

pytestmark = [pytest.mark.containers, pytest.mark.installation, pytest.mark.timeout(900)]


class Command:
    """The hcmp command on an installation of its own."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)

    def __call__(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hcmp_cli", *words, "--home", str(self.home.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def processes(self) -> dict[str, int]:
        return {part["name"]: part["pid"] for part in json.loads(self("status", "--json"))}

    def told(self) -> dict[str, str]:
        return dict(json.loads(self.home.demo.read_text()))


@pytest.fixture(scope="module")
def hcmp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    command = Command(tmp_path_factory.mktemp("demo") / "home")
    command("demo", "--free-ports")
    yield command
    if command.home.exists:
        command("clean", "--yes")


def pool(told: dict[str, str]) -> dict[str, int]:
    with httpx.Client(base_url=told["url"], trust_env=False, timeout=10) as client:
        credentials = {"username": told["username"], "password": told["password"]}
        token = client.post("/api/login", json=credentials).json()["access_token"]
        answer = client.get("/api/pool", headers={"Authorization": f"Bearer {token}"})
        return dict(answer.json()["counts"])


def test_the_demo_says_where_it_is_to_programs_and_keeps_it_private(hcmp: Command) -> None:
    assert set(hcmp.told()) == {"url", "username", "password"}
    assert hcmp.home.demo.stat().st_mode & 0o777 == 0o600


def test_six_machines_are_available(hcmp: Command) -> None:
    assert pool(hcmp.told())["available"] == 6


def test_a_second_demo_changes_nothing_and_takes_less_than_15_seconds(hcmp: Command) -> None:
    before, told = hcmp.processes(), hcmp.told()
    started = time.monotonic()
    text = hcmp("demo")
    assert time.monotonic() - started < promised_seconds()
    assert (hcmp.processes(), hcmp.told()) == (before, told)
    assert told["url"] in text
    assert told["password"] in text


def test_a_demo_after_down_has_the_same_machines_and_takes_less_than_15_seconds(hcmp: Command) -> None:
    hcmp("down")
    assert processes.marked(hcmp.home.installation) == []
    assert containers(hcmp.home.installation, running=True) == []
    hcmp("status", code=3)
    started = time.monotonic()
    hcmp("demo")
    assert time.monotonic() - started < promised_seconds()
    assert pool(hcmp.told())["available"] == 6


def test_clean_leaves_no_process_no_container_and_no_file(hcmp: Command) -> None:
    installation = hcmp.home.installation
    hcmp("clean", "--yes")
    assert processes.marked(installation) == []
    assert containers(installation, running=False) == []
    assert not hcmp.home.path.exists()
    assert not Path(f"/dev/shm/hcmp-{installation}").exists()


def promised_seconds() -> float:
    """15 s on a computer of its own; longer by as much as others keep its cores busy."""
    return 15 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def containers(installation: str, *, running: bool) -> list[str]:
    client = docker.from_env()
    try:
        label = {"label": f"hcmp.installation={installation}"}
        return [found.name for found in client.containers.list(all=not running, filters=label)]
    finally:
        client.close()
