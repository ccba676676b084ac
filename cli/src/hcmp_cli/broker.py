"""The embedded NATS server: JetStream, and one account a service that reaches what the service owns."""

import os
import subprocess
import sys

from hcmp_cli.credentials import Credentials
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import REPOSITORY, Home
from hcmp_cli.ports import Ports
from hcmp_cli.probes import http_answers
from hcmp_cli.processes import Process, program

SERVICES = ("auth", "inventory", "provisioner", "monitor", "terminal", "archive")
USERS = (*SERVICES, "setup", "reset", "backup", "restore", "consumer")
CONFIGURATION = REPOSITORY / "deploy" / "nats" / "nats-server.conf"


# How soon the broker syncs what it has acknowledged; while a restore fills it, later.
ALWAYS = "always"
LATER = "2m"


def process(home: Home, ports: Ports, credentials: Credentials, *, sync: str = ALWAYS) -> Process:
    return Process(
        name="nats",
        command=(program("nats-server"), "--config", str(CONFIGURATION)),
        port=ports.nats,
        environment=environment(home, ports, credentials) | {"HCMP_NATS_SYNC_INTERVAL": sync},
        stop_seconds=20,
        settings=(CONFIGURATION,),
        watcher=(sys.executable, "-m", "hcmp_cli.broker_watch", str(ports.nats_monitoring), _store(home)),
    )


def environment(home: Home, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """The values that the server's configuration file names."""
    passwords = {f"HCMP_NATS_PASSWORD_{user.upper()}": password(credentials, user) for user in USERS}
    return passwords | {
        "HCMP_NATS_LISTEN": f"127.0.0.1:{ports.nats}",
        "HCMP_NATS_MONITORING_LISTEN": f"127.0.0.1:{ports.nats_monitoring}",
        "HCMP_NATS_STORE": _store(home),
        "HCMP_NATS_SYNC_INTERVAL": ALWAYS,
    }


def _store(home: Home) -> str:
    return str(home.path / "nats")


def initialise(home: Home) -> None:
    """Bring a store of an earlier version, which knew no accounts, to where the streams' account looks for it."""
    former, present = (home.path / "nats" / "jetstream" / account for account in ("$G", "STREAMS"))
    if (former / "streams").is_dir() and not present.exists():
        former.rename(present)


def password(credentials: Credentials, user: str) -> str:
    return credentials.password(f"nats-{user}")


def url(ports: Ports) -> str:
    return f"nats://127.0.0.1:{ports.nats}"


def monitoring_url(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.nats_monitoring}"


def answers(ports: Ports) -> bool:
    return http_answers(ports.nats_monitoring, "/healthz")


def prepare(ports: Ports, credentials: Credentials) -> None:
    """Create the streams, or bring them up to date."""
    done = subprocess.run(
        [sys.executable, "-m", "hcmp_eventstore.setup"],
        env=os.environ
        | {
            "HCMP_NATS_URL": url(ports),
            "HCMP_NATS_USER": "setup",
            "HCMP_NATS_PASSWORD": password(credentials, "setup"),
            "HCMP_NATS_MONITORING_URL": monitoring_url(ports),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LauncherError(f"The event log cannot be set up: {done.stderr.strip() or done.stdout.strip()}")
