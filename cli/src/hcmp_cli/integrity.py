"""`hcmp verify` and `hcmp projections`: whether the log is whole, and whether each read model follows from it.

Every service knows its own tables and its own password; it is asked as a process of its own, with its own settings
(`python -m hcmp_<service>.read_model …`, `python -m hcmp_archive.verify`). The command starts them and shows what
they answer.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hcmp_cli import processes
from hcmp_cli.errors import LauncherError
from hcmp_cli.installation import Installation
from hcmp_cli.services import PARTS, Part

KEEPERS = {part.name: part for part in PARTS if part.read_model}
ARCHIVE = next(part for part in PARTS if part.name == "archive")


@dataclass(frozen=True)
class Check:
    """What was compared with the log, how much of it, and what differs first."""

    name: str
    extent: str
    differences: int
    first: str | None
    answer: dict[str, Any]


def verify(installation: Installation) -> list[Check]:
    """Prove the log by its archive, and compare each service's read model with the log. Raises LauncherError when
    something cannot be checked at all.
    """
    _require_servers(installation)
    with ThreadPoolExecutor() as pool:
        proving = pool.submit(_ask, installation, ARCHIVE, f"{ARCHIVE.module}.verify")
        comparing = [pool.submit(_ask_keeper, installation, part, "verify") for part in KEEPERS.values()]
    proof = proving.result()
    extent = f"{proof['events']} events, {proof['behind']} not archived yet, newest hash {proof['hash'][:16]}…"
    checks = [Check("event log", extent, proof["differences"], proof["first"], proof)]
    for found in (one.result() for one in comparing):
        extent = f"{found['rows']} rows in {found['tables']} tables, at event {found['checkpoint']}"
        checks.append(Check(f"read model {found['schema']}", extent, found["differences"], found["first"], found))
    return checks


def show_checks(checks: Sequence[Check], console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps({check.name: check.answer for check in checks}))
        return
    table = Table("what", "compared", "result", box=None)
    for check in checks:
        result = (
            f"[red]{check.differences} differ[/red]" if check.differences else "[green]as it should be[/green]"
        )
        table.add_row(check.name, check.extent, result)
    console.print(table)
    for check in checks:
        if check.first:
            more = f" (and {check.differences - 1} more)" if check.differences > 1 else ""
            console.print(f"[red]✗[/red] {check.name}: {escape(check.first)}{more}.", soft_wrap=True)


def projections(installation: Installation, task: str, names: Sequence[str]) -> dict[str, Any]:
    """Let the services of these names (all, when none is given) do a task on their read models; their answers."""
    _require_servers(installation)
    if unknown := sorted(set(names) - KEEPERS.keys()):
        raise LauncherError(f"There is no read model of {', '.join(unknown)}: choose from {', '.join(KEEPERS)}.")
    chosen = [KEEPERS[name] for name in names or KEEPERS]
    with ThreadPoolExecutor() as pool:
        answers = pool.map(lambda part: _ask_keeper(installation, part, task), chosen)
        return {part.name: answer for part, answer in zip(chosen, answers, strict=True)}


def show_schemas(found: dict[str, Any], console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps(found))
        return
    table = Table("service", "schema", "state", "stands for event", "behind", "kept up to date", box=None)
    for service, schemas in found.items():
        for one in schemas:
            state = f"[green]{one['state']}[/green]" if one["state"] == "live" else one["state"]
            used = "yes" if one["used"] else "no"
            table.add_row(service, one["schema"], state, str(one["checkpoint"]), str(one["behind"]), used)
    console.print(table)


def ask(installation: Installation, part: Part, module: str, *arguments: str) -> Any:
    """What a service's own program answers, in a process with that service's settings. Raises LauncherError."""
    _require_servers(installation)
    return _ask(installation, part, module, *arguments)


def _require_servers(installation: Installation) -> None:
    states = installation.supervisor.states()
    if not all(name in states and states[name].running for name in ("nats", "postgres")):
        raise LauncherError("The platform does not run: start it with `hcmp up`.")


def _ask_keeper(installation: Installation, part: Part, task: str) -> Any:
    return _ask(installation, part, f"{part.module}.read_model", task)


def _ask(installation: Installation, part: Part, module: str, *arguments: str) -> Any:
    settings = {"HCMP_ENV_FILE": str(installation.platform.settings_file(part.name))}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=processes.inherited_environment() | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise LauncherError(f"{part.name} could not be asked ({module}): {reason}")
    return json.loads(done.stdout)
