"""Whether a connecting session has its peer; `connect` with a timeout waits for it."""

from __future__ import annotations

import threading
from typing import Union

from .error import HandshakeError

_changed = threading.Condition()  # of any of them: few wait, and not for long


class Meeting:
    """One session's.  The control thread tells, callers wait."""

    __slots__ = ("_met", "failed")

    def __init__(self) -> None:
        self._met = False
        self.failed: Union[HandshakeError, None] = None  # the last handshake

    def tell(self, met: bool, failed: Union[HandshakeError, None] = None) -> None:
        """There is a connection that can be used, or there is none (any more)."""
        with _changed:
            self._met, self.failed = met, failed
            _changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait for a connection, or any other news; whether there is one.  Raises the
        error of a handshake that failed."""
        with _changed:
            if not self._met and self.failed is None:
                _changed.wait(max(0.0, seconds))
            if self.failed is not None:
                raise self.failed
            return self._met
