"""The embedded servers for real: under the supervisor, killed, stopped, and gone without a trace."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from hcmp_cli import gateway, home, postgres, processes
from hcmp_cli.errors import LauncherError
from hcmp_cli.installation import Installation, open_home
from hcmp_cli.probes import http_answers
from hcmp_cli.processes import Process
from hcmp_cli.report import Report


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    opened = open_home(tmp_path_factory.mktemp("servers") / "home", free_ports=True)
    try:
        start(opened)
        yield opened
    finally:
        opened.stop()
        home.remove(opened.home)


def start(installation: Installation) -> None:
    entrance = gateway.process(installation.home, installation.ports)
    installation._ensure_supervisor([*installation.servers(), entrance], Report())
    installation.start_servers(Report())
    installation._bring_up([entrance], lambda found: http_answers(found.port, "/healthz"), Report())


def eventually(true: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(installation: Installation, name: str) -> bool:
    if name == "gateway":
        return http_answers(installation.ports.gateway, "/healthz")
    return installation._server_answers(Process(name, (), 0))


@pytest.mark.parametrize("name", ["postgres", "nats", "gateway"])
def test_a_killed_server_comes_back(installation: Installation, name: str) -> None:
    eventually(lambda: installation.supervisor.states()[name].running)
    killed = installation.supervisor.states()[name].pid
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: installation.supervisor.states()[name].pid not in {0, killed})
    eventually(lambda: answers(installation, name))


def test_starting_what_runs_changes_nothing(installation: Installation) -> None:
    before = {name: state.pid for name, state in installation.supervisor.states().items()}
    start(installation)
    assert {name: state.pid for name, state in installation.supervisor.states().items()} == before


def connect(installation: Installation, role: str) -> psycopg.Connection:
    url = postgres.url(installation.credentials, installation.ports.postgres, role)
    return psycopg.connect(url, autocommit=True)


def test_a_service_makes_schemas_of_its_own_and_sees_no_others(installation: Installation) -> None:
    with connect(installation, "inventory") as inventory, connect(installation, "monitor") as monitor:
        inventory.execute("CREATE SCHEMA inventory_v1")
        inventory.execute("CREATE TABLE inventory_v1.pool (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            monitor.execute("SELECT * FROM inventory_v1.pool")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            monitor.execute("DROP SCHEMA inventory_v1 CASCADE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            monitor.execute("CREATE TABLE public.mine (id int)")
        inventory.execute("DROP SCHEMA inventory_v1 CASCADE")


def test_the_archive_is_added_to_and_never_changed(installation: Installation) -> None:
    entry = [1, "hcmp.vm.v1.reserved", b"{}", bytes(32)]
    with connect(installation, "archive") as archive:
        archive.execute("INSERT INTO archive.event (sequence, subject, data, hash) VALUES (%s, %s, %s, %s)", entry)
        assert archive.execute("SELECT count(*) FROM archive.event").fetchone() == (1,)
        for refused in (
            "UPDATE archive.event SET data = ''",
            "DELETE FROM archive.event",
            "TRUNCATE archive.event",
            "DROP SCHEMA archive CASCADE",
            "CREATE SCHEMA archive_v2",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                archive.execute(refused.encode())
    with connect(installation, "monitor") as monitor, pytest.raises(psycopg.errors.InsufficientPrivilege):
        monitor.execute("SELECT * FROM archive.event")


def test_the_database_syncs_and_asks_for_passwords(installation: Installation) -> None:
    with connect(installation, "auth") as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=installation.ports.postgres, user="auth", password="guess", dbname="hcmp"
        )


def test_servers_listen_on_this_computer_alone(installation: Installation) -> None:
    ours = {found.pid for found in processes.marked(installation.home.installation)}
    listening = [
        c.laddr for c in psutil.net_connections("tcp") if c.pid in ours and c.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {address.port for address in listening} == {
        installation.ports.gateway,
        installation.ports.nats,
        installation.ports.nats_monitoring,
        installation.ports.postgres,
    }


def test_a_killed_supervisor_leaves_nothing_in_the_way(installation: Installation) -> None:
    supervisor = psutil.Process(int((installation.home.path / "supervisord.pid").read_text()))
    orphans = processes.marked(installation.home.installation)
    supervisor.kill()
    supervisor.wait(10)
    start(installation)
    assert not any(found.is_running() and found.status() != psutil.STATUS_ZOMBIE for found in orphans)


def test_data_survives_stop_and_start_and_no_process_survives_the_stop(installation: Installation) -> None:
    with connect(installation, "auth") as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS auth_kept")
    running = processes.marked(installation.home.installation)
    installation.stop()
    assert processes.marked(installation.home.installation) == []
    assert not any(found.is_running() for found in running)
    start(installation)
    with connect(installation, "auth") as connection:
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'auth_kept'").fetchone()


def test_a_process_that_cannot_start_is_named_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcmp_cli.installation._PATIENCE_WHEN_IT_DIES", 1.0)
    opened = open_home(tmp_path / "home", free_ports=True)
    broken = Process("broken", ("sh", "-c", "echo the disk is on fire; exit 1"), opened.ports.auth)
    try:
        opened.launch([broken])
        with pytest.raises(LauncherError, match="The process broken ends as soon as it has started") as told:
            opened._bring_up([broken], lambda _: False, Report())
        assert "the disk is on fire" in told.value.log_lines()
    finally:
        opened.stop()
        home.remove(opened.home)
