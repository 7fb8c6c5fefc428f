"""A condition that event loops can wait for, too."""

from __future__ import annotations

import threading
from typing import Callable


class Changed(threading.Condition):
    """Threads wait, and who cannot has something called: `listen`.  All of it with the
    condition held."""

    _listeners: tuple[Callable[[], object], ...] = ()

    def listen(self, listener: Callable[[], object]) -> None:
        """Have it called when threads are notified."""
        self._listeners = (*self._listeners, listener)

    def forget(self, listener: Callable[[], object]) -> None:
        """Call it no more."""
        self._listeners = tuple(one for one in self._listeners if one != listener)

    def notify_all(self) -> None:
        """See `threading.Condition.notify_all`."""
        super().notify_all()
        for listener in self._listeners:
            listener()
