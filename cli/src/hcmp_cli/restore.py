"""`hcmp restore`: an installation from a backup, in a folder that holds none.

A file in the folder says that a restore has begun. While it stands nothing starts there, and the next restore
begins anew: so one that was killed leaves neither half an installation nor work to clear away.
"""

import asyncio
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from hcmp_cli import broker, credential_tables, home, keys
from hcmp_cli.backup import CREDENTIALS, KEYS, as_sentences
from hcmp_cli.errors import LauncherError
from hcmp_cli.home import Home, write_private
from hcmp_cli.installation import Installation
from hcmp_cli.report import Moved, Report
from hcmp_eventstore.backup.file import BackupReader
from hcmp_eventstore.backup.manifest import Manifest
from hcmp_eventstore.backup.streams import restore_streams
from hcmp_eventstore.connection import connect
from hcmp_eventstore.streams import EVENTS

_MADE_BY_A_RESTORE = ("nats", "postgres", "secrets", "services")


def restore(
    installation: Installation, file: Path, report: Report, *, keys_folder: Path | None, rest_from: Path | None
) -> Manifest:
    """Check the whole backup, then make the installation from it, and leave it stopped. Raises LauncherError.

    The keys may come from a folder, and they and the credential tables from another backup.
    """
    found = installation.home
    with as_sentences(), ExitStack() as stack:
        streams = stack.enter_context(BackupReader(file))
        rest = stack.enter_context(BackupReader(rest_from)) if rest_from else streams
        if streams.manifest.stream(EVENTS) is None:
            raise LauncherError(f"{file} does not hold the event log.")
        if not rest.has(CREDENTIALS):
            raise LauncherError(
                f"{rest_from or file} does not hold the credential tables, without which nobody can sign in: "
                "name a backup of the same installation that does by --rest-from."
            )
        kept = _keys(rest, keys_folder)
        _require_empty(found)
        _verify(report, streams, *([rest] if rest_from else []))
        _begin(installation)
        keys.write(found, kept)
        _fill(installation, streams, b"".join(rest.pieces(CREDENTIALS)), report)
    found.restoring.unlink()
    return streams.manifest


def _keys(rest: BackupReader, folder: Path | None) -> dict[str, bytes]:
    if folder is not None:
        kept = keys.read(folder.expanduser())
    else:
        inside = [member.path for member in rest.manifest.members if member.path.startswith(KEYS)]
        kept = {Path(path).name: b"".join(rest.pieces(path)) for path in inside}
    if not kept:
        raise LauncherError("This backup holds no keys: name the folder that has them by --keys.")
    keys.require_same(kept, rest.manifest.fingerprints)
    return kept


def _require_empty(found: Home) -> None:
    """Refuse a folder with an installation in it; what an unfinished restore has left is none."""
    if found.restoring.exists():
        return
    used = [name for name in _MADE_BY_A_RESTORE if any((found.path / name).iterdir())]
    if used:
        raise LauncherError(
            f"{found.path} holds an installation ({', '.join(used)}), and a restore overwrites none: "
            "name an empty folder by --home, or remove that one by `hcmp clean`."
        )


def _verify(report: Report, *readers: BackupReader) -> None:
    with report.moving("Every part against its hash", sum(reader.size for reader in readers)) as moved:
        for reader in readers:
            reader.verify(lambda count: moved("", count))


def _begin(installation: Installation) -> None:
    found = installation.home
    write_private(found.restoring, "A restore has begun and not ended.\n")
    installation.stop()
    for name in _MADE_BY_A_RESTORE:
        shutil.rmtree(found.path / name, ignore_errors=True)
    home.create(found.path)


def _fill(installation: Installation, streams: BackupReader, credentials: bytes, report: Report) -> None:
    try:
        installation.start_bare_servers(report)
        with report.moving("Streams", sum(_sizes(streams))) as moved:
            asyncio.run(_restore_streams(installation, streams, moved))
        with report.step("Credential tables"):
            credential_tables.load(
                installation.home, installation.credentials, installation.ports.postgres, credentials
            )
    finally:
        installation.stop()
    os.sync()  # the broker has not, and from here on the restore counts as ended


def _sizes(reader: BackupReader) -> list[int]:
    members = {record.member for record in reader.manifest.streams}
    return [member.size for member in reader.manifest.members if member.path in members]


async def _restore_streams(installation: Installation, reader: BackupReader, moved: Moved) -> None:
    async with connect(
        broker.url(installation.ports),
        name="restore",
        user="restore",
        password=broker.password(installation.credentials, "restore"),
    ) as client:
        await restore_streams(client, reader, told=moved)
