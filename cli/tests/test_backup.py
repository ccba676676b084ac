"""What `hcmp backup` and `hcmp restore` say before they touch anything."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcmp_cli import home, keys, ports
from hcmp_cli.backup import CREDENTIALS, KEYS
from hcmp_cli.credentials import Credentials
from hcmp_cli.main import app
from hcmp_eventstore.backup.file import BackupWriter
from hcmp_eventstore.backup.manifest import StreamRecord
from hcmp_eventstore.streams import EVENTS

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LOG = StreamRecord(
    name=EVENTS,
    member=f"streams/{EVENTS}",
    config={},
    state={},
    first_sequence=1,
    last_sequence=1,
    messages=1,
    consumers=[],
)
run = CliRunner().invoke


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The keys of the installation that was backed up."""
    credentials = Credentials(tmp_path / "secrets")
    credentials.folder.mkdir()
    credentials.fernet_key()
    credentials.signing_key()
    credentials.password("operator")
    credentials.password("nats-auth")
    credentials.password("postgres-auth")
    return credentials.folder


def backup(path: Path, secrets: Path, *, with_keys: bool, credentials: bool = True) -> Path:
    found = keys.read(secrets)
    with BackupWriter(path, taken_at=NOW) as writer:
        writer.add(LOG.member, b"events")
        if credentials:
            writer.add(CREDENTIALS, b"tables")
        for name, content in found.items() if with_keys else ():
            writer.add(f"{KEYS}{name}", content)
        writer.finish([LOG], platform_version="1.0", fingerprints=keys.fingerprints(found))
    return path


def refused(*words: str | Path) -> str:
    answer = run(app, [str(word) for word in words])
    assert answer.exit_code == 1, answer.output
    assert "Traceback" not in answer.output
    return " ".join(answer.output.split())


def test_the_keys_are_everything_but_what_an_installation_makes_for_itself(secrets: Path) -> None:
    assert set(keys.read(secrets)) == {"fernet.key", "operator.password", "signing-key.pem"}
    assert set(keys.fingerprints(keys.read(secrets))) == {"fernet.key", "signing-key.pem"}


def test_a_backup_is_taken_of_what_is_there_and_runs(tmp_path: Path) -> None:
    assert "There is no installation" in refused("backup", tmp_path / "b.tar", "--home", tmp_path / "none")
    made = home.create(tmp_path / "stopped")
    ports.load(made, free=True)
    assert "start it by `hcmp up`" in refused("backup", tmp_path / "b.tar", "--home", made.path)
    assert not (tmp_path / "b.tar").exists()


def test_a_damaged_backup_is_refused_before_anything_is_made(tmp_path: Path, secrets: Path) -> None:
    path = backup(tmp_path / "b.tar", secrets, with_keys=True)
    path.write_bytes(path.read_bytes().replace(b"events", b"evants"))
    assert f"streams/{EVENTS} is not what was written" in refused("restore", path, "--home", tmp_path / "new")
    assert not (tmp_path / "new" / "restoring").exists()
    assert list((tmp_path / "new" / "secrets").iterdir()) == []


def test_a_backup_without_keys_needs_them_from_elsewhere_and_takes_no_others(
    tmp_path: Path, secrets: Path
) -> None:
    path = backup(tmp_path / "b.tar", secrets, with_keys=False)
    assert "name the folder that has them by --keys" in refused("restore", path, "--home", tmp_path / "new")
    (secrets / "fernet.key").write_text("another")
    said = refused("restore", path, "--home", tmp_path / "new", "--keys", secrets)
    assert "not the keys of that installation: fernet.key differ" in said


def test_a_backup_of_a_reset_needs_the_credentials_of_another(tmp_path: Path, secrets: Path) -> None:
    path = backup(tmp_path / "b.tar", secrets, with_keys=False, credentials=False)
    assert "name a backup of the same installation that does by --rest-from" in refused(
        "restore", path, "--home", tmp_path / "new"
    )


@pytest.mark.parametrize("name", ["nats", "postgres", "secrets"])
def test_an_installation_is_never_overwritten(tmp_path: Path, secrets: Path, name: str) -> None:
    made = home.create(tmp_path / "new")
    (made.path / name / "data").mkdir()
    path = backup(tmp_path / "b.tar", secrets, with_keys=True)
    assert f"holds an installation ({name})" in refused("restore", path, "--home", made.path)
    assert (made.path / name / "data").exists()


def test_nothing_starts_where_a_restore_was_cut_off(tmp_path: Path) -> None:
    made = home.create(tmp_path)
    made.restoring.touch()
    assert "has not come to its end: run it again" in refused("up", "--home", tmp_path)
    assert not (made.path / "supervisord.pid").exists()
