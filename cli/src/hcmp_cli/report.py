"""What a person sees while an installation starts: one line a step, a spinner while it lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

# Told what is moved now, and how many bytes of it have just been.
Moved = Callable[[str, int], None]


class Report:
    """Calling it tells what is happening now within the present step."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._step = ""
        self._detail = ""
        self._status = self.console.status("")

    def __call__(self, detail: str) -> None:
        if self.console.is_terminal:
            self._status.update(f"{self._step} [dim]{escape(detail)}[/dim]")
        elif detail != self._detail:
            self.console.print(f"  {detail}", markup=False)
        self._detail = detail

    def say(self, text: str) -> None:
        self.console.print(text)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step of the work: named while it runs, ticked off with its time when it is done."""
        self._step = name
        started = monotonic()
        self._status = self.console.status(name)
        if not self.console.is_terminal:
            self.console.print(f"… {name}", markup=False)
        with self._status:
            yield
        self.console.print(f"[green]✓[/green] {name} [dim]{monotonic() - started:.1f} s[/dim]")

    @contextmanager
    def moving(self, name: str, total: int | None) -> Iterator[Moved]:
        """A step that moves bytes, with a bar while it lasts; `total` is None where nobody knows it before."""
        started = monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        hidden = not self.console.is_terminal
        if hidden:
            self.console.print(f"… {name}", markup=False)
        with Progress(*columns, console=self.console, transient=True, disable=hidden) as progress:
            task = progress.add_task(name, total=total)
            moved = 0

            def move(what: str, count: int) -> None:
                nonlocal moved
                moved += count
                progress.update(task, advance=count, description=f"{name} [dim]{escape(what)}[/dim]")

            yield move
        self.console.print(f"[green]✓[/green] {name} [dim]{decimal(moved)}, {monotonic() - started:.1f} s[/dim]")
