"""The file of a backup: whole or not there, for its owner only, and every damage is found."""

import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hcmp_eventstore.backup.file import BackupFileError, BackupReader, BackupWriter
from hcmp_eventstore.backup.manifest import MANIFEST

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CONTENT = bytes(range(256)) * 5000


def written(path: Path) -> Path:
    with BackupWriter(path, taken_at=NOW) as writer:
        with writer.member("streams/EVENTS") as write:
            write(CONTENT[:1000])
            write(CONTENT[1000:])
        writer.add("secrets/empty", b"")
        writer.finish([], platform_version="1.0", fingerprints={"key": "f"})
    return path


def test_what_is_written_is_read_back_by_this_and_by_any_tar(tmp_path: Path) -> None:
    path = written(tmp_path / "backup.tar")
    seen: list[int] = []
    with BackupReader(path) as reader:
        reader.verify(seen.append)
        assert b"".join(reader.pieces("streams/EVENTS")) == CONTENT
        assert b"".join(reader.pieces("secrets/empty")) == b""
        assert (reader.manifest.taken_at, reader.manifest.fingerprints) == (NOW, {"key": "f"})
        assert sum(seen) == reader.size == len(CONTENT)
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["streams/EVENTS", "secrets/empty", MANIFEST]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with BackupWriter(tmp_path / "backup.tar", taken_at=NOW) as writer:
            writer.add("part", b"x" * 100_000)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backup_has_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".backup.tar.unfinished").write_bytes(b"x" * 5_000_000)
    with BackupReader(written(tmp_path / "backup.tar")) as reader:
        reader.verify()
    assert (tmp_path / "backup.tar").stat().st_size < 2_000_000


def test_no_backup_takes_the_place_of_another(tmp_path: Path) -> None:
    path = written(tmp_path / "backup.tar")
    before = path.read_bytes()
    with pytest.raises(BackupFileError, match="exists already"):
        written(path)
    assert path.read_bytes() == before


def test_two_backups_to_one_file_do_not_mix(tmp_path: Path) -> None:
    with BackupWriter(tmp_path / "backup.tar", taken_at=NOW):
        with pytest.raises(BackupFileError, match="Another backup is being written"):
            written(tmp_path / "backup.tar")
        assert (tmp_path / ".backup.tar.unfinished").exists()


@pytest.mark.parametrize("place", [512, 600_000, 512 + len(CONTENT) - 1])
def test_a_flipped_bit_is_found_and_its_part_named(tmp_path: Path, place: int) -> None:
    path = written(tmp_path / "backup.tar")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with (
        BackupReader(path) as reader,
        pytest.raises(BackupFileError, match="streams/EVENTS is not what was written"),
    ):
        reader.verify()


@pytest.mark.parametrize("length", [0, 100, 512, 600_000, 1_281_024])
def test_a_file_that_was_cut_off_is_no_backup(tmp_path: Path, length: int) -> None:
    path = written(tmp_path / "backup.tar")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(BackupFileError, match="is no backup"):
        BackupReader(path)


def test_a_file_of_a_later_format_is_refused_as_that(tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    with BackupWriter(path, taken_at=NOW) as writer:
        writer.finish([], platform_version="9.0")
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(BackupFileError, match="a format that this version cannot read"):
        BackupReader(path)


def test_something_else_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "backup.tar").write_text("not a tar at all")
    with pytest.raises(BackupFileError, match="is no backup"):
        BackupReader(tmp_path / "backup.tar")
