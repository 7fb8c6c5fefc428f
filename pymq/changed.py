"""A condition that event loops can wait for, too."""

from __future__ import annotations

import threading
from typing import Callable, Union


class Changed(threading.Condition):
    """A condition.  Threads wait for it; others have a function called (`listen`).

    The condition is held for all of its methods.
    """

    _listeners: tuple[Callable[[], object], ...] = ()
    _waiting = 0  # threads

    def __init__(self) -> None:
        #: To hold it: the condition itself does that with three calls of Python.
        self.lock = threading.RLock()
        super().__init__(self.lock)

    def wait(self, timeout: Union[float, None] = None) -> bool:
        """See `threading.Condition.wait`."""
        self._waiting += 1
        try:
            return super().wait(timeout)
        finally:
            self._waiting -= 1

    def listen(self, listener: Callable[[], object]) -> None:
        """Call a function when threads are notified."""
        self._listeners = (*self._listeners, listener)

    def forget(self, listener: Callable[[], object]) -> None:
        """Stop calling it."""
        self._listeners = tuple(one for one in self._listeners if one != listener)

    def notify_all(self) -> None:
        """See `threading.Condition.notify_all`.  Mostly nobody waits."""
        if self._waiting:
            super().notify_all()
        for listener in self._listeners:
            listener()
