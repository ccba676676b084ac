"""What a person sees while an installation starts: one line a step, a spinner while it lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.markup import escape


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
