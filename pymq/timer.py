"""Timers of the control thread."""

from __future__ import annotations

from typing import Any

WHEN, CALL = 0, 2  # where they stand in a `Timer`


class Timer(list[Any]):
    """A call in the future; `cancel` it any number of times.

    When it is, a number that no other has, and the call: a heap compares lists without
    a call of Python.
    """

    __slots__ = ()

    def cancel(self) -> None:
        """Never make the call."""
        self[CALL] = None
