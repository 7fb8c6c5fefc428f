"""Timers of the control thread."""

from __future__ import annotations

from typing import Any

WHEN, CALL = 0, 2  # where they stand in a `Timer`


class Timer(list[Any]):
    """A call in the future, which can be cancelled any number of times.

    It is a list of the time, a unique number, and the call, because a heap compares
    lists without calling Python.
    """

    __slots__ = ()

    def cancel(self) -> None:
        """Never make the call."""
        self[CALL] = None
