"""A descriptor that turns readable: how a sleeping thread is woken.

An eventfd where there is one, else a pipe.  Raising a raised signal costs no system
call, and neither does clearing a clear one.
"""

from __future__ import annotations

import os
from typing import Callable

_HAS_EVENTFD = hasattr(os, "eventfd")
_ONE = b"\1\0\0\0\0\0\0\0" if _HAS_EVENTFD else b"\1"


class Signal:
    """Raised or clear.  Callers hold a lock; the descriptor itself needs none.

    In a garbage cycle it may be finalized before others that still raise it: then it is
    raised for good, and nothing is written, since another has that descriptor now.
    """

    __slots__ = ("_raised", "_reader", "_writer")

    def __init__(self) -> None:
        self._reader = self._writer = -1
        if _HAS_EVENTFD:
            flags = os.EFD_NONBLOCK | os.EFD_CLOEXEC
            self._reader = self._writer = os.eventfd(0, flags)
        else:
            self._reader, self._writer = os.pipe()
            os.set_blocking(self._reader, False)
            os.set_blocking(self._writer, False)
        self._raised = False

    def fileno(self) -> int:
        """Readable while the signal is raised."""
        return self._reader

    def raise_(self) -> None:
        """Make the descriptor readable."""
        if not self._raised:
            self._raised = True
            os.write(self._writer, _ONE)

    def nudge(self) -> None:
        """The same until `settle`, for callers without a lock."""
        try:
            if self._writer >= 0:
                os.write(self._writer, _ONE)
        except BlockingIOError:
            pass  # it is full of them already

    def clear(self) -> None:
        """Make the descriptor unreadable."""
        if self._raised and self._reader >= 0:
            self._raised = False
            os.read(self._reader, 8)

    def settle(self) -> None:
        """Take back every `raise_` and `nudge`."""
        if self._reader < 0:
            return
        self._raised = False
        try:
            os.read(self._reader, 4096)
        except BlockingIOError:
            pass  # there was none

    def close(self, close: Callable[[int], None] = os.close) -> None:
        """Close the descriptor, once nobody can be about to raise or poll it.

        At the latest that is with the last reference.  Where objects are counted it
        makes no difference to say so; elsewhere a program that opens and closes sockets
        would run out of descriptors before memory makes it collect garbage.
        """
        descriptors = {self._reader, self._writer} - {-1}
        self._reader = self._writer = -1
        self._raised = True
        for fd in descriptors:
            close(fd)

    __del__ = close
