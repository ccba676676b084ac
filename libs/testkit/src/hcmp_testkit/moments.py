"""A moment inside a process of an installation at which something is killed, and how a test lies in ambush for it.

A test writes the moment into a folder that the installation's processes know by their environment; the trap inside
the process (`traps.py`) is sprung once, and not again by the process that is started in its place.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

Point = Literal[
    "before append", "after append", "before ack", "after ack", "before commit", "after commit"
]  # fmt: skip

POINTS: tuple[Point, ...] = (
    "before append", "after append", "before ack", "after ack", "before commit", "after commit",
)  # fmt: skip


class Ambush(BaseModel):
    """Kill `victim`, the process itself when it is 0, when the point comes for the nth time.

    `what` is an event (`vm.reserved`): one of those appended, or of those whose rows are committed. For an
    acknowledgement it is the consumer and the event, `inventory-granting project.requested`.
    """

    model_config = ConfigDict(frozen=True)

    point: Point
    what: str
    nth: int = 1
    victim: int = 0


@dataclass(frozen=True)
class Moments:
    """The folder of ambushes of one installation."""

    folder: Path

    def lay(self, process: str, ambush: Ambush) -> None:
        self._over(process).unlink(missing_ok=True)
        unfinished = self.folder / f".{process}"
        unfinished.write_text(ambush.model_dump_json())
        unfinished.rename(self._laid(process))

    def lift(self, process: str) -> None:
        """Nobody waits there any more."""
        self._laid(process).unlink(missing_ok=True)

    async def sprung(self, process: str, *, seconds: float) -> bool:
        """Wait until the moment has come; False when it did not within so many seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._over(process).exists():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    def waiting(self, process: str) -> Ambush | None:
        try:
            return Ambush.model_validate_json(self._laid(process).read_bytes())
        except FileNotFoundError:
            return None

    def spring(self, process: str) -> None:
        self._laid(process).rename(self._over(process))

    def _laid(self, process: str) -> Path:
        return self.folder / f"{process}.laid"

    def _over(self, process: str) -> Path:
        return self.folder / f"{process}.over"
