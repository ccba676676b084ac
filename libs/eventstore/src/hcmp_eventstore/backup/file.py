"""The file of a backup: a plain tar, whose last member is the manifest.

It is written under another name, synced and then renamed, so that a file of the name that was asked for is always
whole; only its owner may read it. The parts are compressed already, so the tar is not.

Source of the format: POSIX ustar, with GNU's way of writing sizes beyond 8 GiB.
"""

import fcntl
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import ValidationError

from hcmp_eventstore.backup.manifest import MANIFEST, Manifest, Member, StreamRecord
from hcmp_eventstore.errors import EventStoreError

CHUNK_BYTES = 512 * 1024
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)

Write = Callable[[bytes], None]


class BackupFileError(EventStoreError):
    """The file cannot be written, or what it holds is not what was written; as a sentence."""


class BackupWriter:
    """Writes one backup. Leaving the block without `finish`, or by an error, leaves no file."""

    def __init__(self, path: Path, *, taken_at: datetime) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.unfinished")
        self._taken_at = taken_at
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        if self._path.exists():
            raise BackupFileError(f"{self._path} exists already: a backup is never written over another.")
        descriptor = os.open(self._unfinished, os.O_RDWR | os.O_CREAT, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise BackupFileError(f"Another backup is being written to {self._path}.") from None
        self._file.truncate()  # what a backup that was killed has left
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unfinished.unlink(missing_ok=True)
        self._file.close()

    @contextmanager
    def member(self, path: str) -> Iterator[Write]:
        """Write one part, piece by piece; its size need not be known before."""
        start = self._file.tell()
        self._file.write(bytes(_BLOCK))  # its header, once the size is known
        digest = hashlib.sha256()
        size = 0

        def write(piece: bytes) -> None:
            nonlocal size
            self._file.write(piece)
            digest.update(piece)
            size += len(piece)

        yield write
        self._file.write(bytes(-size % _BLOCK))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(self._header(path, size))
        self._file.seek(end)
        self.members.append(Member(path=path, size=size, sha256=digest.hexdigest()))

    def add(self, path: str, content: bytes) -> None:
        with self.member(path) as write:
            write(content)

    def finish(
        self, streams: list[StreamRecord], *, platform_version: str, fingerprints: dict[str, str] | None = None
    ) -> Manifest:
        """Write the manifest, sync, and give the file its name."""
        manifest = Manifest(
            platform_version=platform_version,
            taken_at=self._taken_at,
            streams=streams,
            members=self.members[:],
            fingerprints=fingerprints or {},
        )
        self.add(MANIFEST, manifest.model_dump_json(indent=1).encode())
        self._file.write(_END)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._unfinished.rename(self._path)
        _sync_folder(self._path.parent)
        return manifest

    def _header(self, path: str, size: int) -> bytes:
        header = tarfile.TarInfo(path)
        header.size, header.mode, header.mtime = size, 0o600, int(self._taken_at.timestamp())
        return header.tobuf(tarfile.GNU_FORMAT)


class BackupReader(AbstractContextManager["BackupReader"]):
    """Reads a backup. Raises BackupFileError when it is none, is not finished, or is of another format."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed at the end of the block
        except (OSError, tarfile.TarError) as error:
            raise BackupFileError(f"{path} is no backup: {error}.") from None
        try:
            self.manifest = Manifest.model_validate_json(b"".join(self.pieces(MANIFEST)))
        except (BackupFileError, tarfile.TarError):
            self._tar.close()
            raise BackupFileError(f"{path} is no backup, or one that was not finished.") from None
        except ValidationError:
            self._tar.close()
            raise BackupFileError(f"{path} is a backup of a format that this version cannot read.") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tar.close()

    @property
    def size(self) -> int:
        return sum(member.size for member in self.manifest.members)

    def has(self, path: str) -> bool:
        return any(member.path == path for member in self.manifest.members)

    def pieces(self, path: str) -> Iterator[bytes]:
        """The content of one part."""
        try:
            file = self._tar.extractfile(path)
        except KeyError:
            file = None
        if file is None:
            raise BackupFileError(f"{self._path} has no part {path}.")
        with file:
            while piece := file.read(CHUNK_BYTES):
                yield piece

    def verify(self, told: Callable[[int], None] = lambda _: None) -> None:
        """Compare every part with its hash, telling the bytes that were compared. Raises BackupFileError."""
        for member in self.manifest.members:
            digest = hashlib.sha256()
            try:
                for piece in self.pieces(member.path):
                    digest.update(piece)
                    told(len(piece))
            except tarfile.TarError:
                raise BackupFileError(f"{self._path} is cut off within {member.path}.") from None
            if digest.hexdigest() != member.sha256:
                raise BackupFileError(f"{self._path} is damaged: {member.path} is not what was written.")


def _sync_folder(folder: Path) -> None:
    """A rename survives a power cut once its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
