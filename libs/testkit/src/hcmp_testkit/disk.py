"""A disk that is soon full: a file system of a few megabytes in memory. Needs root, as the lab's containers do."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PIECE = b"x" * 4096


@dataclass(frozen=True)
class SmallDisk:
    path: Path

    @property
    def _filler(self) -> Path:
        return self.path / "somebody-elses"

    def fill(self) -> None:
        """Leave no byte, as another program's files would."""
        filler = os.open(self._filler, os.O_CREAT | os.O_WRONLY)
        try:
            with suppress(OSError):  # "no space left on device"
                while True:
                    os.write(filler, PIECE)
        finally:
            os.close(filler)

    def make_room(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(*, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted while inside. Whatever uses it must have ended by then."""
    with tempfile.TemporaryDirectory(prefix="hcmp-disk-") as directory:
        path = Path(directory) / "disk"
        path.mkdir()
        Path(directory).chmod(0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path], check=True)
        try:
            yield SmallDisk(path)
        finally:
            subprocess.run(["umount", path], check=True)
