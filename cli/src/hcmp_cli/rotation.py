"""`hcmp keys rotate`: a new key for stored secrets, and an end of the older one when nothing needs it any more.

First every service learns the new key beside the older one; only then is anything written under it. The file of
keys says how far this has come: with two keys in it a rotation has begun, and the command goes on with it.
"""

from pathlib import Path

from hcmp_cli import demo, integrity
from hcmp_cli.credentials import Credentials
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import Home
from hcmp_cli.installation import Installation
from hcmp_cli.report import Report
from hcmp_cli.services import PARTS

INVENTORY = next(part for part in PARTS if part.name == "inventory")


def rotate(path: Path, report: Report) -> None:
    """Let a new key be the first, start the services with it, and write every secret under it."""
    credentials = Credentials(Home(path).secrets)
    if credentials.rotating:
        report.say("A rotation has begun already: it goes on.")
    else:
        credentials.add_fernet_key()
    opened = demo.start(path, report, free_ports=False)
    with report.step("Secrets under the new key"):
        left = _asked(opened, "reencrypt")
    for name in left["unreadable"]:
        report.say(f"[yellow]None of the keys opens the secret of {name}: give it anew.[/yellow]")
    report.say("Stored secrets are under the new key, and the older one is kept.")
    report.say(_why_not(left) or "Nothing needs the older one: `hcmp keys rotate --drop-old` forgets it.")


def drop_old(path: Path, report: Report) -> None:
    """Forget the older key. Raises LauncherError when something in use was encrypted under it."""
    credentials = Credentials(Home(path).secrets)
    if not credentials.rotating:
        report.say("There is one key: no older one to forget.")
        return
    opened = demo.start(path, report, free_ports=False)
    if reason := _why_not(_asked(opened, "status")):
        raise LauncherError(reason)
    credentials.drop_old_fernet_keys()
    demo.start(path, report, free_ports=False)
    report.say("The older key is forgotten. Backups from before hold their own keys, unless made without.")


def _asked(installation: Installation, task: str) -> dict[str, list[str]]:
    answer = integrity.ask(installation, INVENTORY, f"{INVENTORY.module}.keys", task)
    return {
        "machines": answer["machines"] + (["settings"] if answer["settings"] else []),
        "projects": answer["projects"],
        "unreadable": answer["unreadable"],
    }


def _why_not(left: dict[str, list[str]]) -> str | None:
    """A sentence about what still needs the older key; None when nothing does."""
    if left["machines"]:
        return f"Secrets still under the older key: {len(left['machines'])}. Run `hcmp keys rotate` once more."
    if left["projects"]:
        shown = ", ".join(left["projects"][:5]) + (" …" if len(left["projects"]) > 5 else "")
        return (
            "Projects that were given machines while the older key was in use need it until they are deleted: "
            f"{len(left['projects'])} ({shown})."
        )
    return None
