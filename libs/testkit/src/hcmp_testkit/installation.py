"""A whole installation, brought up by the product's own command on free ports, and removed afterwards."""

import json
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HCMP = Path(sysconfig.get_path("scripts")) / "hcmp"
START_SECONDS = 900
STOP_SECONDS = 120


@dataclass(frozen=True)
class Installation:
    """A running installation: its folder and its operator's sign-in."""

    home: Path
    url: str
    username: str
    password: str

    def process(self, name: str) -> int:
        """The process id of one part, as `hcmp status` tells it."""
        parts = json.loads(hcmp("status", "--home", self.home, "--json"))
        [pid] = [part["pid"] for part in parts if part["name"] == name]
        return int(pid)


def hcmp(*arguments: str | Path, seconds: float = STOP_SECONDS) -> str:
    """Run the hcmp command; its output, or an AssertionError with it when it fails."""
    done = subprocess.run([HCMP, *arguments], check=False, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"hcmp {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def bring_up(home: Path) -> Installation:
    """Start an installation in an empty folder, or the one that is there."""
    hcmp("demo", "--home", home, "--free-ports", seconds=START_SECONDS)
    return opened(home)


def opened(home: Path) -> Installation:
    """The installation that runs in this folder."""
    demo: dict[str, Any] = json.loads((home / "demo.json").read_text())
    return Installation(home, demo["url"], demo["username"], demo["password"])


def remove(home: Path) -> None:
    """Stop it and remove everything that it made."""
    hcmp("clean", "--home", home, "--yes")
