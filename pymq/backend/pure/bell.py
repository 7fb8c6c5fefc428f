"""What wakes one who waits for a hub beside other things."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Union

from .signal import Signal

if TYPE_CHECKING:
    from .waiting import Waiting


class Bell:
    """See `pymq.backend.abc.Bell`.  Rings whatever has come, and not too seldom.

    A forked child leaves it alone: a thread that it does not have may hold the lock.
    """

    __slots__ = ("_events", "_hub", "_process", "_signal")

    def __init__(self, hub: Waiting, signal: Signal, events: int) -> None:
        self._hub = hub
        self._events = events
        self._process = os.getpid()
        self._signal: Union[Signal, None] = signal

    def fileno(self) -> int:
        """See `pymq.backend.abc.Bell.fileno`."""
        return -1 if self._signal is None else self._signal.fileno()

    def hush(self) -> None:
        """See `pymq.backend.abc.Bell.hush`."""
        if self._signal is not None and self._process == os.getpid():
            with self._hub.lock:
                self._signal.clear()

    def close(self) -> None:
        """See `pymq.backend.abc.Bell.close`."""
        signal, self._signal = self._signal, None
        if signal is not None and self._process == os.getpid():
            self._hub._return_signal(signal, self._events)
