"""Descriptors, and functions that are called when they are ready.

It does what `selectors` does, which takes four times as long for each descriptor: a
tuple, look-ups and calls in Python.  A connection would pay for that a dozen times.
"""

from __future__ import annotations

import math
import select
from collections import deque
from typing import Callable, Protocol, Union

Call = Callable[[], None]

READ, WRITE = 1, 2  # as in `selectors`

_MOST = 64  # descriptors in one turn


class Watch(Protocol):
    """One thread adds, removes and waits."""

    def add(self, fd: int, events: int, call: Call) -> None:
        """Call `call` when a descriptor is ready.  It replaces an earlier function."""

    def remove(self, fd: int) -> None:
        """Forget a descriptor, known or not.  To be called before it is closed."""

    def wait(self, seconds: Union[float, None], ready: deque[Call]) -> None:
        """Add the functions of the descriptors that are ready; wait for at most so
        many seconds (None: for ever)."""

    def close(self) -> None:
        """Stop watching."""


def new() -> Watch:
    """Make the best kind that this system has."""
    return _Epoll() if hasattr(select, "epoll") else _Selector()


class _Epoll:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Call] = {}
        both = select.EPOLLIN | select.EPOLLOUT
        self._masks = (0, select.EPOLLIN, select.EPOLLOUT, both)
        self.close = self._epoll.close

    def add(self, fd: int, events: int, call: Call) -> None:
        change = self._epoll.modify if fd in self._calls else self._epoll.register
        change(fd, self._masks[events])
        self._calls[fd] = call

    def remove(self, fd: int) -> None:
        if self._calls.pop(fd, None) is not None:
            try:
                self._epoll.unregister(fd)
            except OSError:
                pass  # it was closed

    def wait(self, seconds: Union[float, None], ready: deque[Call]) -> None:
        if seconds is None:
            seconds = -1  # PyPy takes no None
        elif seconds > 0:
            seconds = math.ceil(seconds * 1e3) * 1e-3  # else it would come too early
        calls = self._calls
        for fd, _ in self._epoll.poll(seconds, _MOST):
            if fd in calls:
                ready.append(calls[fd])


class _Selector:
    def __init__(self) -> None:
        import selectors

        self._selector = selectors.DefaultSelector()
        self.close = self._selector.close

    def add(self, fd: int, events: int, call: Call) -> None:
        try:
            self._selector.register(fd, events, call)
        except KeyError:
            self._selector.modify(fd, events, call)

    def remove(self, fd: int) -> None:
        try:
            self._selector.unregister(fd)
        except KeyError:
            pass

    def wait(self, seconds: Union[float, None], ready: deque[Call]) -> None:
        ready.extend([key.data for key, _ in self._selector.select(seconds)])
