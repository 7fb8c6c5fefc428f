"""Whether a connecting session has a peer; `connect` with a timeout waits for it."""

from __future__ import annotations

from typing import Union

from .changed import Changed
from .error import HandshakeError


class Meeting:
    """Of one session.  The control thread tells, callers wait."""

    __slots__ = ("_met", "failed", "wishes")

    changed = Changed()  # of any of them: few wait, and not for long

    def __init__(self) -> None:
        self._met = False
        self.wishes = 0  # calls of `connect` that are content with this session
        self.failed: Union[HandshakeError, None] = None  # the last handshake

    def tell(self, met: bool, failed: Union[HandshakeError, None] = None) -> None:
        """There is a connection that can be used, or there is none any more."""
        with self.changed.lock:
            self._met, self.failed = met, failed
            self.changed.notify_all()

    def has_met(self) -> bool:
        """Whether there is one.  Raises the error if a handshake has failed."""
        if self.failed is not None:
            raise self.failed
        return self._met
