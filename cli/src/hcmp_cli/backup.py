"""`hcmp backup`: everything of a running installation that cannot be made again, in one file.

The streams first and the credential tables after them: a password's hash is stored before the event that names it,
so each account of the log finds its credential in the backup. A hash that no event names counts for nothing.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import structlog

from hcmp_cli import broker, credential_tables, keys, postgres
from hcmp_cli.errors import LauncherError
from hcmp_cli.installation import Installation
from hcmp_cli.report import Moved, Report
from hcmp_eventstore.backup.file import BackupWriter
from hcmp_eventstore.backup.manifest import Manifest, StreamRecord
from hcmp_eventstore.backup.streams import back_up_streams
from hcmp_eventstore.connection import connect
from hcmp_eventstore.errors import EventStoreError
from hcmp_eventstore.streams import EVENTS

CREDENTIALS = f"postgres/{postgres.KEPT_SCHEMA}.dump"
KEYS = "secrets/"


def back_up(installation: Installation, file: Path, report: Report, *, with_keys: bool) -> Manifest:
    """Write the backup while everything runs. Raises LauncherError, and leaves no file then."""
    _require_running(installation)
    with as_sentences(), BackupWriter(file.expanduser().absolute(), taken_at=datetime.now(UTC)) as writer:
        with report.moving("Streams", None) as moved:
            streams = asyncio.run(_streams(installation, writer, moved))
        with report.step("Credential tables"):
            dumped = credential_tables.dump(
                installation.home, installation.credentials, installation.ports.postgres
            )
            writer.add(CREDENTIALS, dumped)
        found = keys.read(installation.home.secrets)
        if with_keys:
            for name, content in found.items():
                writer.add(f"{KEYS}{name}", content)
        manifest = writer.finish(
            streams, platform_version=version("hcmp-cli"), fingerprints=keys.fingerprints(found)
        )
    log = manifest.stream(EVENTS)
    if log is None or not log.is_whole:
        report.say("[yellow]The event log has a gap, and so has this backup: keep the earlier ones.[/yellow]")
    return manifest


def _require_running(installation: Installation) -> None:
    reached = broker.answers(installation.ports) and postgres.answers(
        installation.credentials, installation.ports.postgres
    )
    if not reached:
        raise LauncherError(
            "A backup is taken from what runs, and this installation does not: start it by `hcmp up`."
        )


async def _streams(installation: Installation, writer: BackupWriter, moved: Moved) -> list[StreamRecord]:
    async with connect(
        broker.url(installation.ports),
        name="backup",
        user="backup",
        password=broker.password(installation.credentials, "backup"),
    ) as client:
        return await back_up_streams(client, writer, moved)


@contextmanager
def as_sentences() -> Iterator[None]:
    """What goes wrong with the file or the broker reaches the person as a sentence; the connection keeps quiet."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    except EventStoreError as error:
        raise LauncherError(str(error)) from error
    except OSError as error:
        raise LauncherError(f"{error.strerror}: {error.filename or 'the backup'}.") from error
    finally:
        structlog.configure(**before)
