"""What a person sees while a run goes on: rows as text, and on a terminal a bar."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from typing import Any, Iterable


class Progress:
    """Counts measurements, of which there will be `total`."""

    def __init__(self, total: int) -> None:
        self._bar: Any = None
        if sys.stdout.isatty() and find_spec("rich"):
            self._bar = _bar()
            self._task = self._bar.add_task("", total=total)
            self._bar.start()
        self._started = time.monotonic()

    def step(self, what: str) -> None:
        """One measurement has been made, or left out."""
        if self._bar:
            self._bar.update(self._task, advance=1, description=what)

    def say(self, lines: Iterable[str]) -> None:
        """Print lines."""
        text = "\n".join(lines)
        if self._bar:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            print(text, flush=True)

    def end(self) -> float:
        """Seconds since the start."""
        if self._bar:
            self._bar.stop()
        return time.monotonic() - self._started


def _bar() -> Any:
    from rich import progress

    return progress.Progress(
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.description}", markup=False),
    )
