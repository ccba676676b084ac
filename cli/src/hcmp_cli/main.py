"""The hcmp command: start, look at, stop, remove, back up and restore an installation on this computer."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hcmp_cli import demo, home, installation, integrity, rotation, status
from hcmp_cli.backup import back_up
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import DEFAULT_HOME, Home
from hcmp_cli.installation import Installation
from hcmp_cli.report import Report
from hcmp_cli.restore import restore
from hcmp_eventstore.backup.manifest import Manifest
from hcmp_eventstore.streams import EVENTS

app = typer.Typer(
    name="hcmp",
    help="H-CMP on this computer: a self-service cloud management platform.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

projections = typer.Typer(help="The read models that services keep.", no_args_is_help=True)
app.add_typer(projections, name="projections")
keys = typer.Typer(help="The keys that stored secrets are encrypted with.", no_args_is_help=True)
app.add_typer(keys, name="keys")


class Switch(StrEnum):
    on = "on"
    off = "off"


HomeOption = Annotated[
    Path, typer.Option("--home", envvar="HCMP_HOME", help="The folder of the installation's state and secrets.")
]
FreePorts = Annotated[
    bool, typer.Option("--free-ports", help="At the first start, choose free ports instead of the usual ones.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Services = Annotated[list[str] | None, typer.Argument(help="Which services'; without, all of them.")]


@app.command(name="demo")
def demo_command(home_path: HomeOption = DEFAULT_HOME, *, free_ports: FreePorts = False) -> None:
    """Bring the whole platform up with six lab machines, and say where it is."""
    with _told(Report()) as report, home.locked(home.create(home_path)):
        demo.run(home_path, report, free_ports=free_ports)


@app.command()
def up(home_path: HomeOption = DEFAULT_HOME, *, free_ports: FreePorts = False) -> None:
    """Start the platform as it is: servers, services, gateway, and the lab if there is one."""
    with _told(Report()) as report, home.locked(home.create(home_path)):
        demo.start(home_path, report, free_ports=free_ports)
        report.say("The platform runs. `hcmp status` shows its parts.")


@app.command()
def down(home_path: HomeOption = DEFAULT_HOME) -> None:
    """Stop everything and leave the data."""
    with _told(Report()) as report:
        found = _existing(home_path)
        if found is None:
            report.say(f"There is no installation in {home_path}.")
            return
        with home.locked(found):
            demo.stop(found, report)
        report.say("Everything has stopped; the data is where it was.")


@app.command()
def clean(
    home_path: HomeOption = DEFAULT_HOME,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop everything and remove all that the installation made: data, secrets, lab machines."""
    with _told(Report()) as report:
        found = _existing(home_path)
        if found is None:
            report.say(f"There is no installation in {home_path}.")
            return
        if not yes:
            what = "with all its data, its machines and the backups in it"
            typer.confirm(f"Remove the installation in {found.path}, {what}?", abort=True)
        with home.locked(found):
            demo.remove(found, report)
        report.say("Everything that the installation made has been removed.")


@app.command()
def maintenance(
    switch: Annotated[Switch, typer.Argument(help="Whether nothing new may begin.")],
    home_path: HomeOption = DEFAULT_HOME,
    *,
    message: Annotated[str, typer.Option(help="What people are told meanwhile.")] = "",
    drain: Annotated[float, typer.Option(help="Wait so many seconds until nothing runs any more.")] = 0,
) -> None:
    """Let nobody but operators begin anything; running projects go on. Ends with 3 if some outlast --drain."""
    with _told(Report()) as report, demo.signed_in(_running(home_path)) as operator:
        operator.maintenance(enabled=switch is Switch.on, message=message)
        report.say(f"Maintenance is {switch.value}.")
        left = operator.drain(tell=report.say, patience=drain) if drain else []
        if drain:
            report.say(f"Still running: {', '.join(left)}." if left else "Nothing runs any more.")
    if left:
        raise typer.Exit(3)


@app.command(name="status")
def status_command(
    home_path: HomeOption = DEFAULT_HOME,
    *,
    as_json: AsJson = False,
) -> None:
    """Show each part: whether it runs, since when, where. Ends with 3 when one does not run."""
    with _told(Report()) as report:
        found = _existing(home_path)
        parts = status.parts(installation.open_home(found.path)) if found else []
        status.show(parts, report.console, as_json=as_json)
    if not parts or not all(part.running for part in parts):
        raise typer.Exit(3)


@app.command(name="verify")
def verify_command(home_path: HomeOption = DEFAULT_HOME, *, as_json: AsJson = False) -> None:
    """Prove the event log by its archive, and compare each read model with it. Ends with 3 if they differ."""
    with _told(Report()) as report:
        checks = integrity.verify(_running(home_path))
        integrity.show_checks(checks, report.console, as_json=as_json)
    if any(check.differences for check in checks):
        raise typer.Exit(3)


@projections.command(name="status")
def projections_status(home_path: HomeOption = DEFAULT_HOME, *, as_json: AsJson = False) -> None:
    """Show the schemas of every read model: versions, where they stand, which one is live."""
    with _told(Report()) as report:
        found = integrity.projections(_running(home_path), "status", [])
        integrity.show_schemas(found, report.console, as_json=as_json)


@projections.command(name="rebuild")
def projections_rebuild(services: Services = None, home_path: HomeOption = DEFAULT_HOME) -> None:
    """Build read models anew beside the live ones and let them take over, while the services go on."""
    with _told(Report()) as report:
        opened = _running(home_path)
        for name in services or integrity.KEEPERS:
            with report.step(f"Read model of {name}"):
                integrity.projections(opened, "rebuild", [name])


@projections.command(name="prune")
def projections_prune(services: Services = None, home_path: HomeOption = DEFAULT_HOME) -> None:
    """Drop the schemas of older versions that no running process uses."""
    with _told(Report()) as report:
        dropped = integrity.projections(_running(home_path), "prune", services or [])
        names = [schema for schemas in dropped.values() for schema in schemas]
        report.say(f"Dropped {', '.join(names)}." if names else "There was nothing to drop.")


@keys.command(name="rotate")
def keys_rotate(
    home_path: HomeOption = DEFAULT_HOME,
    *,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Forget the older key, if nothing in use was encrypted under it.")
    ] = False,
) -> None:
    """Encrypt every stored secret under a new key. Interrupted, the same command goes on; the older key stays."""
    with _told(Report()) as report:
        found = _existing(home_path)
        if found is None:
            raise LauncherError(f"There is no installation in {home_path}.")
        with home.locked(found):
            (rotation.drop_old if drop_old else rotation.rotate)(found.path, report)


def _running(path: Path) -> Installation:
    found = _existing(path)
    if found is None:
        raise LauncherError(f"There is no installation in {path}.")
    return installation.open_home(found.path)


@app.command(name="backup")
def backup_command(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    home_path: HomeOption = DEFAULT_HOME,
    *,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave out the keys; without them nothing can be decrypted.")
    ] = False,
) -> None:
    """Write the log, the logs of runs, recordings, credentials and keys to one file, while everything runs."""
    with _told(Report()) as report:
        found = _existing(home_path)
        if found is None:
            raise LauncherError(f"There is no installation in {home_path}.")
        with home.locked(found):
            manifest = back_up(installation.open_home(found.path), file, report, with_keys=not without_keys)
        report.say(f"Everything up to event {_events(manifest)} is in {file}.")
        if not without_keys:
            report.say("It holds the installation's keys: whoever can read it can read every secret. Keep it so.")


@app.command(name="restore")
def restore_command(
    file: Annotated[Path, typer.Argument(help="The backup.", exists=True, dir_okay=False)],
    home_path: HomeOption = DEFAULT_HOME,
    *,
    free_ports: FreePorts = False,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="The folder of the keys, if the backup was made without them.")
    ] = None,
    rest_from: Annotated[
        Path | None,
        typer.Option(
            "--rest-from",
            help="Another backup, for the keys and the credential tables: one of a factory reset holds none.",
        ),
    ] = None,
) -> None:
    """Make the installation again that a backup was taken of, in an empty folder; `hcmp up` then starts it."""
    with _told(Report()) as report, home.locked(home.create(home_path)):
        opened = installation.open_home(home_path, free_ports=free_ports)
        manifest = restore(opened, file, report, keys_folder=keys, rest_from=rest_from)
        report.say(f"Everything up to event {_events(manifest)} is back. `hcmp up` starts it.")


def _events(manifest: Manifest) -> int:
    log = manifest.stream(EVENTS)
    return log.last_sequence if log else 0


def _existing(path: Path) -> Home | None:
    found = Home(path.expanduser().absolute())
    return found if found.exists else None


@contextmanager
def _told(report: Report) -> Iterator[Report]:
    """Say what went wrong as a sentence, never as a traceback."""
    try:
        yield report
    except LauncherError as error:
        report.console.print(f"[bold red]✗[/bold red] {error.sentence}", soft_wrap=True)
        for line in error.log_lines():
            report.console.print(f"    {line}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        report.say("Interrupted. The same command goes on from here.")
        sys.exit(130)
