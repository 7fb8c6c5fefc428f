"""Closed pipes that still have something to send, and how long they may take."""

from __future__ import annotations

import functools
from typing import Union

from ..backend.abc import Pipe
from ..timer import Timer
from .side import Side


class Lingering:
    """Closed pipes that still send.  Their owner is told when they have finished."""

    def __init__(self, side: Side, where: str) -> None:
        self._control = side.control
        self._monitor = side.monitor
        self._drain = side.drain
        self._pattern = side.pattern
        self._where = where
        self._pipes: dict[int, tuple[Pipe, Union[Timer, None]]] = {}
        self._unsent: dict[int, tuple[int, int]] = {}  # when they were closed

    def __contains__(self, pipe: int) -> bool:
        return pipe in self._pipes

    def close(self, pipe: Pipe, linger: int, keep_input: bool) -> None:
        """Close a pipe, which may send for `linger` ms more, -1 for ever.

        If it lingers already, that is how long it may still take, from now.
        """
        known = self._pipes.get(pipe.id)
        if known is None:
            self._unsent[pipe.id] = pipe.unsent()
        if pipe.close(linger != 0, keep_input):
            if known is None:
                self._end(pipe)
            else:
                self.done(pipe.id)
            return
        timer = None
        if linger > 0:
            call = functools.partial(self.drop, pipe.id)
            timer = self._control.later(linger / 1000, call)
        if known is None:
            what = f"a {self._pattern.name} to {self._where}"
            self._control.hold(pipe.id, what, pipe)
            self._monitor.hold()
            self._drain.hold()
        elif known[1] is not None:
            known[1].cancel()
        self._pipes[pipe.id] = (pipe, timer)

    def drop(self, pipe: int) -> None:
        """Give up: the time is over, or there is nobody to send to."""
        if pipe in self._pipes and self._pipes[pipe][0].close(False):
            self.done(pipe)

    def done(self, pipe: int) -> None:
        """The pipe has nothing left to send."""
        closed, timer = self._pipes.pop(pipe)
        if timer is not None:
            timer.cancel()
        self._end(closed)
        self._drain.release()
        self._monitor.release()
        self._control.release(pipe)

    def _end(self, pipe: Pipe) -> None:
        """Count what became of the messages that it had when it was closed."""
        owner = self._control.owners.pop(pipe.id, None)
        waiting, lost = self._unsent.pop(pipe.id)
        if waiting and not self._pattern.routing.subscribes:
            left, gone = pipe.unsent()
            dropped = gone - lost + left
            self._drain.count(max(0, waiting - dropped), dropped)
        if owner is not None:
            owner.ended(pipe.id)
