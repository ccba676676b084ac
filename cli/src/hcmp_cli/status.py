"""What runs, where, and since when."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from hcmp_cli.installation import Installation
from hcmp_cli.services import PARTS


@dataclass(frozen=True)
class PartStatus:
    name: str
    state: str
    running: bool
    pid: int | None
    port: int
    since: int | None


def parts(installation: Installation) -> list[PartStatus]:
    """Each part of the installation, whether or not a supervisor runs."""
    states = installation.supervisor.states()
    where = {"postgres": installation.ports.postgres, "nats": installation.ports.nats}
    where |= {part.name: installation.platform.port(part.name) for part in PARTS}
    where["gateway"] = installation.ports.gateway
    return [
        PartStatus(
            name=name,
            state=states[name].state.lower() if name in states else "stopped",
            running=name in states and states[name].running,
            pid=(states[name].pid or None) if name in states else None,
            port=port,
            since=states[name].since if name in states and states[name].running else None,
        )
        for name, port in where.items()
    ]


def show(found: Sequence[PartStatus], console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps([asdict(part) for part in found]))
        return
    table = Table("part", "state", "address", "process", "runs for", box=None)
    for part in found:
        colour = "green" if part.running else "red"
        age = _age(int(time.time()) - part.since) if part.since else ""
        state = f"[{colour}]{part.state}[/{colour}]"
        table.add_row(part.name, state, f"127.0.0.1:{part.port}", str(part.pid or ""), age)
    console.print(table)


def _age(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"
