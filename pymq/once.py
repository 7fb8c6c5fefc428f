"""Calls that are made once, whoever of several comes first."""

from __future__ import annotations

from typing import Callable


def once(call: Callable[[], None]) -> Callable[[], None]:
    """Return a function that makes the call only the first time."""
    todo = [call]

    def run() -> None:
        try:
            first = todo.pop()
        except IndexError:
            return
        first()

    return run
