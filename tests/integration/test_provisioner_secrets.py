"""The credential of a machine after a run that used it, and printed it: it is found nowhere."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from hcmp_contracts.project import ProjectProvisioned
from hcmp_eventstore.store import EventStore
from hcmp_testkit.nats import NatsServer
from hcmp_testkit.process import running
from hcmp_testkit.workers import WorkerLab, processes_of, until, worker_lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
SECRET = "correct-horse-battery-staple-19"
TELLS = f"""ansible.builtin.debug: {{ msg: 'the password is {{{{ ansible_password }}}}, {SECRET}' }}
    - ansible.builtin.command: sh -c 'echo PLAY >> RAN; until test -e RAN.go; do sleep 0.1; done'
"""


@pytest.fixture
async def lab(nats_server: NatsServer, event_store: EventStore) -> AsyncIterator[WorkerLab]:
    async with worker_lab(nats_server, event_store, PLAYBOOKS) as lab:
        yield lab


async def test_after_a_run_its_secrets_are_found_on_no_disk_in_no_event_no_log_no_row_and_no_process(
    lab: WorkerLab, nats_server: NatsServer, database_url: str
) -> None:
    lab.add_play("tells", TELLS)
    settings = {"HCMP_PLAYBOOKS_DIR": str(lab.home / "playbooks")}
    async with running("hcmp_provisioner", nats=nats_server, database_url=database_url, settings=settings) as api:
        await lab.start_worker()
        project = await lab.request("tells", secret=SECRET, machines=1)
        await until(lambda: lab.ran == ["tells"], seconds=60)
        assert processes_of(project), "the run is in the middle"
        assert processes_that_show_it() == []
        assert files_that_hold(SECRET, lab.runs), "the search finds it where it must be while the run lasts"
        assert all(path.stat().st_mode & 0o077 == 0 for path in lab.runs.iterdir())

        (lab.home / "ran.go").touch()
        await lab.until(project, ProjectProvisioned, seconds=60)

        lab.assert_nothing_left(project)
        (lab.home / "playbooks" / "plays" / "tells.yml").unlink()  # it named the secret itself
        assert files_that_hold(SECRET, lab.home, nats_server.directory, Path.home() / ".ansible") == []
        assert files_that_hold("the password is ", nats_server.directory), "the broker's files can be searched"
        assert SECRET not in api.log.read_text()
        assert SECRET not in await everything_in(database_url)
        assert processes_that_show_it() == []
    said = [frame.model_dump_json() for frame in await lab.log(project)]
    assert any("the password is ********" in frame for frame in said)


def files_that_hold(text: str, *places: Path) -> list[Path]:
    return [path for place in places for path in _files(place) if text.encode() in path.read_bytes()]


def _files(place: Path) -> Iterator[Path]:
    return (path for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def processes_that_show_it() -> list[list[str]]:
    """In what any process on this computer was called with, or in its environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            shown = [*process.cmdline(), *process.environ().values()]
            if process.pid != os.getpid() and any(SECRET in text for text in shown):
                found.append(process.cmdline())
    return found


async def everything_in(database_url: str) -> str:
    """Every row of every table that is a service's."""
    rows: list[str] = []
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        tables = await connection.execute(
            "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
        )
        for (table,) in await tables.fetchall():
            held = await connection.execute(f"SELECT t::text FROM {table} AS t")
            rows += [row for (row,) in await held.fetchall()]
    assert rows, "there is something to look through"
    return "\n".join(rows)
