"""Asks the ZAP handler of a context (RFC 27): a REP or ROUTER, bound over inproc.

Each question has a pipe of its own, as in libzmq.  The control thread does not block
for the answer: it watches the descriptor of the hub that will receive it.
"""

from __future__ import annotations

from errno import EAGAIN
from selectors import EVENT_READ
from typing import Callable, Sequence, Union

from .. import patterns
from ..backend.abc import HubOption
from ..constants import SocketType
from ..zmtp.zap import ENDPOINT
from . import logger
from .side import Side

HANDLERS = ("REP", "ROUTER")

#: Gets the frames of the answer; None if the handler left without one.
Answered = Callable[[Union[Sequence[bytes], None]], None]


class Inquiry:
    """One question, from when it is asked until it is answered or closed."""

    __slots__ = ("_connection", "_control", "_done", "_fd", "_hub", "closed")

    def __init__(self, side: Side, done: Answered) -> None:
        pattern = patterns.get(SocketType.DEALER)
        self._control = side.control
        self._done = done
        self._hub = side.backend.hub(side.control.loop, pattern.routing)
        for mark in (HubOption.SEND_HWM, HubOption.RECV_HWM):
            self._hub.set(mark, 0)
        asker = side.beside(self._hub, pattern)
        self._connection = side.registry.reach(ENDPOINT, asker, HANDLERS)
        self._fd = -1
        self.closed = False

    def ask(self, frames: list[bytes]) -> bool:
        """Ask.  Returns whether there is a handler that will answer, now or later."""
        if self._connection is None:
            self.close()
            return False
        self._hub.send_message(frames)
        self._fd = self._hub.fileno()
        self._control.watch(self._fd, EVENT_READ, self._look)
        self._control.call(self._look)  # the descriptor tells only of changes
        return True

    def _look(self) -> None:
        if self._fd < 0:
            return
        answer = self._hub.recv_message()
        if answer == -EAGAIN and self._alive():
            return
        done = self._done
        self.close()
        if isinstance(answer, int):
            logger.warning("the ZAP handler left without an answer")
            done(None)
        else:
            done(answer)

    def _alive(self) -> bool:
        pipe = None if self._connection is None else self._connection.pipe
        return pipe is not None and self._hub.has(pipe.id)

    def close(self) -> None:
        """Nobody waits for the answer any more.  May be called again."""
        if self.closed:
            return
        self.closed = True
        if self._fd >= 0:
            self._control.unwatch(self._fd)
            self._fd = -1
        if self._connection is not None:
            self._connection.close(-1, False)
        self._hub.free()
