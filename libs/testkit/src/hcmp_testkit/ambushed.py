"""An installation whose processes can be killed at a moment that a test names.

It is brought up by the product's own command; only the environment of its processes is a little larger, so that
each service sets its traps when it starts.
"""

import asyncio
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import httpx

from hcmp_testkit.installation import START_SECONDS, Installation, opened
from hcmp_testkit.moments import Moments
from hcmp_testkit.quick import quick_checkout
from hcmp_testkit.whole_log import Log, read_whole_log

SERVICES = ("auth", "inventory", "provisioner", "worker", "monitor", "terminal")
INSIDE = Path(__file__).with_name("inside")
# The command hands a process of an installation only those variables of a person's shell that it knows by name.
BRING_UP = """
import sys
from hcmp_cli import processes
processes._INHERITED += ("PYTHONPATH", "HCMP_MOMENTS")
from hcmp_cli.main import app
sys.argv[0] = "hcmp"
app()
"""


@dataclass(frozen=True)
class AmbushedInstallation(Installation):
    """A running installation, and where to lie in ambush for its processes."""

    @property
    def moments(self) -> Moments:
        return Moments(self.home / "moments")

    @property
    def ports(self) -> dict[str, int]:
        return tomllib.loads((self.home / "ports.toml").read_text())

    async def log(self) -> Log:
        """Every event of it up to now."""
        password = (self.home / "secrets" / "nats-inventory.password").read_text().strip()
        return await read_whole_log(f"nats://127.0.0.1:{self.ports['nats']}", user="inventory", password=password)

    async def ready(self, *, seconds: float = 60) -> None:
        """Wait until every service is: what was killed is back."""
        async with httpx.AsyncClient() as http, asyncio.timeout(seconds):
            for service in SERVICES:
                while not await _is_ready(http, self.ports[service]):
                    await asyncio.sleep(0.1)


def bring_up_ambushed(home: Path, *, checkout: Path) -> AmbushedInstallation:
    """Start one in an empty folder, with the quick template."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "moments").mkdir(exist_ok=True)
    root = quick_checkout(home / "checkout", checkout=checkout)
    done = subprocess.run(
        [sys.executable, "-c", BRING_UP, "demo", "--home", home, "--free-ports"],
        env=os.environ
        | {"HCMP_ROOT": str(root), "PYTHONPATH": str(INSIDE), "HCMP_MOMENTS": str(home / "moments")},
        check=False,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found = opened(home)
    return AmbushedInstallation(found.home, found.url, found.username, found.password)


async def _is_ready(http: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    except httpx.TransportError:
        return False
