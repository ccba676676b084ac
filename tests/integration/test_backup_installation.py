"""`hcmp backup` and `hcmp restore` on installations under their supervisor, of which the auth service runs."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from hcmp_cli import broker
from hcmp_cli.installation import Installation, open_home
from hcmp_cli.report import Report
from hcmp_eventstore.backup.file import BackupReader
from hcmp_eventstore.connection import connect
from hcmp_eventstore.reader import Stored, read_batches
from hcmp_eventstore.streams import EVENTS
from hcmp_testkit.installation import HCMP, hcmp

MINA = {
    "username": "mina",
    "password": "a long enough password",
    "full_name": "김미나",
    "email": "mina@example.org",
}
START_SECONDS = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("installations")
    yield path
    for home in ("old", "new"):
        hcmp("clean", "--home", path / home, "--yes")


def started(home: Path) -> Installation:
    """As `hcmp up` starts it, with the one service that this needs."""
    opened, report = open_home(home, free_ports=True), Report()
    auth = {process.name: process for process in opened.platform.processes()}["auth"]
    opened._ensure_supervisor([*opened.servers(), auth], report)
    opened.start_servers(report)
    opened._bring_up([auth], opened._serves, report)
    return opened


@contextmanager
def signed_in(installation: Installation, username: str, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{installation.ports.auth}", timeout=30, trust_env=False) as http:
        answer = http.post("/api/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


def registered(operator: httpx.Client, form: dict[str, str]) -> str:
    account: str = operator.post("/api/register", json=form).json()["id"]
    assert operator.post(f"/api/admin/accounts/{account}/approve").status_code == 200
    return account


@contextmanager
def writing(http: httpx.Client, account: str) -> Iterator[None]:
    """Events, one after another, until the block is left."""
    enough = Event()

    def write() -> None:
        while not enough.is_set():
            for verb in ("suspend", "reactivate"):
                answer = http.post(f"/api/admin/accounts/{account}/{verb}")
                assert answer.status_code == 200, answer.text

    writer = Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


async def log_of(installation: Installation, *, up_to: int) -> list[Stored]:
    """The log's beginning, as a service reads it."""
    found: list[Stored] = []
    password = broker.password(installation.credentials, "monitor")
    async with (
        connect(broker.url(installation.ports), name="test", user="monitor", password=password) as client,
        aclosing(read_batches(client, stream=EVENTS, subjects=["hcmp.>"], after=0)) as batches,
    ):
        async for batch in batches:
            found += batch
            if found[-1].sequence >= up_to:
                return found[:up_to]
    raise AssertionError("the log ended")


def killed_restore(file: Path, home: Path) -> None:
    """A restore that dies as soon as it has begun to write."""
    words: list[str | Path] = [HCMP, "restore", file, "--home", home, "--free-ports"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not (home / "nats" / "jetstream").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)


def refused(*words: str | Path) -> str:
    """What the command says when it does not do it."""
    done = subprocess.run([HCMP, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout
    return " ".join(done.stdout.split())


@pytest.mark.timeout(600)
def test_an_installation_comes_back_with_its_accounts_keys_and_log(folder: Path) -> None:
    file = folder / "backup.tar"
    old = started(folder / "old")
    operator_password = old.platform.operator_password()
    with signed_in(old, "operator", operator_password) as operator:
        account = registered(operator, MINA)
        with writing(operator, registered(operator, MINA | {"username": "somebody"})):
            hcmp("backup", file, "--home", folder / "old")
        keys = operator.get("/.well-known/jwks.json").json()
        session = operator.cookies["hcmp_refresh"]
    with BackupReader(file) as reader:
        record = reader.manifest.stream(EVENTS)
    assert record is not None
    assert "exists already" in refused("backup", file, "--home", folder / "old")
    assert "holds an installation" in refused("restore", file, "--home", folder / "old")

    killed_restore(file, folder / "new")
    assert "has not come to its end" in refused("up", "--home", folder / "new")
    hcmp("restore", file, "--home", folder / "new", seconds=START_SECONDS)
    new = started(folder / "new")

    last = record.last_sequence
    assert asyncio.run(log_of(new, up_to=last)) == asyncio.run(log_of(old, up_to=last))
    with signed_in(new, "mina", MINA["password"]) as mina:
        assert mina.get("/api/me").json()["id"] == account
    with signed_in(new, "operator", operator_password) as operator:
        names = {one["username"] for one in operator.get("/api/admin/accounts").json()["accounts"]}
        assert names == {"operator", "mina", "somebody"}
        assert operator.get("/.well-known/jwks.json").json() == keys
        # Who was signed in is not: what was ended since the backup must not live again.
        operator.cookies.clear()
        operator.cookies.set("hcmp_refresh", session)
        assert operator.post("/api/token/refresh").json()["type"] == "session-ended"
    for name in ("fernet.key", "ssh_authority_ed25519"):
        assert (folder / "new/secrets" / name).read_bytes() == (folder / "old/secrets" / name).read_bytes()
    assert not (folder / "new/restoring").exists()
