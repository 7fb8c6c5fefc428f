"""Closed pipes that still have something to send, and how long they may take."""

from __future__ import annotations

import functools
from typing import Union

from ..backend.abc import Pipe
from ..control import Timer
from . import Side


class Lingering:
    """Pipes that were closed and still have something to send."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._pipes: dict[int, tuple[Pipe, Union[Timer, None]]] = {}

    def __contains__(self, pipe: int) -> bool:
        return pipe in self._pipes

    def __bool__(self) -> bool:
        return bool(self._pipes)

    def close(self, pipe: Pipe, linger: int, keep_input: bool = False) -> bool:
        """Close a pipe; True if nothing is left to do."""
        if pipe.close(linger != 0, keep_input):
            return True
        timer = None
        if linger > 0:
            call = functools.partial(self.drop, pipe.id)
            timer = self._side.control.later(linger / 1000, call)
        self._side.control.hold()
        self._pipes[pipe.id] = (pipe, timer)
        return False

    def drop(self, pipe: int) -> None:
        """Time is up, or there is nobody to send to."""
        if pipe in self._pipes and self._pipes[pipe][0].close(False):
            self.done(pipe)

    def done(self, pipe: int) -> None:
        """The pipe has nothing left to send."""
        _, timer = self._pipes.pop(pipe)
        if timer is not None:
            timer.cancel()
        self._side.control.owners.pop(pipe, None)
        self._side.control.release()
