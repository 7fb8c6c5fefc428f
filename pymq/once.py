"""Calls that are made once, whoever of several comes first."""

from __future__ import annotations

from typing import Callable


def once(call: Callable[[], None]) -> Callable[[], None]:
    """What makes that call the first time, and then nothing: for what several may
    come to do."""
    todo = [call]

    def run() -> None:
        try:
            first = todo.pop()
        except IndexError:
            return
        first()

    return run
