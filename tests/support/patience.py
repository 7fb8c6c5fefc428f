"""Waiting without sleeping: for a condition, or for work in another thread."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Generic, Optional, TypeVar

PATIENCE = 20.0  # seconds until a wait counts as a hang

T = TypeVar("T")


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Call `condition` until its result is true, and return that.

    Pauses a millisecond between calls, for what has no other way to be noticed.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"still false after {seconds} s: {condition}")
        pause.wait(0.001)


class Background(Generic[T]):
    """A call in another thread, whose outcome can be waited for."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._outcome: list[T] = []
        self._error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome.append(self._work())
        except BaseException as error:  # noqa: BLE001 - result() raises it again
            self._error = error

    @property
    def running(self) -> bool:
        """Whether the call has not come back yet."""
        return self._thread.is_alive()

    def give(self, seconds: float) -> None:
        """Let the call run for so long, unless it comes back earlier."""
        self._thread.join(seconds)

    def result(self, seconds: float = PATIENCE) -> T:
        """What the call returned or raised; a hang is an AssertionError."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise AssertionError(f"still running after {seconds} s: {self._work}")
        if self._error is not None:
            raise self._error
        return self._outcome[0]
