"""What can go wrong while an installation starts, as sentences for the person who started it."""

from pathlib import Path


class LauncherError(Exception):
    """One clear sentence, and where it helps the last lines of a log."""

    def __init__(self, sentence: str, *, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.log = log

    def log_lines(self, count: int = 15) -> list[str]:
        if self.log is None or not self.log.is_file():
            return []
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]
