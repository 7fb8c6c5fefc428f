"""When a quiet peer is asked, and when it counts as gone (RFC 37, PING and PONG).

Any input is a sign of life, and reading it only counts `heard` up.  Times are looked at
when the earliest of them, `due`, has come: so a message costs nothing.

Nobody is blamed for what we did not do: a PING that the kernel has not taken was not
sent, and bytes that lie unread, because the reader is at its mark or this process was
held up, are a sign of life.  But where the kernel takes nothing because nothing of what
it sends arrives, the peer is blamed as if it had the PING.
"""

from __future__ import annotations

import math
import socket
import time

from ..abc import Heartbeat as Settings
from .held import unacknowledged

NEVER = math.inf  # times are in seconds


class Heartbeat:
    """One engine's times; only its driver uses it."""

    __slots__ = (
        "_alive_until",
        "_answer_by",
        "_asked_at",
        "_asking",
        "_heard_at_ttl",
        "_heard_then",
        "_interval",
        "_peer_ttl",
        "_ping_at",
        "_socket",
        "_timeout",
        "due",
        "heard",
        "held",
        "ttl",
    )

    def __init__(self, settings: Settings, connection: socket.socket) -> None:
        self.heard = 0  # how often something was read
        self.held = False  # something that cannot be taken yet
        self.ttl = settings.ttl // 100  # of our PINGs, in tenths of a second
        self._socket = connection
        self._interval = settings.interval / 1000
        self._timeout = settings.timeout / 1000
        self._ping_at = self._answer_by = self._alive_until = NEVER
        self._asking = False  # the kernel has not yet taken ...
        self._asked_at = 0.0  # the PING that wants an answer
        self._peer_ttl = 0.0
        self._heard_then = self._heard_at_ttl = 0
        if self._interval:
            self._ping_at = time.monotonic() + self._interval
        self._set_due()

    def _set_due(self) -> None:
        self.due = min(self._ping_at, self._answer_by, self._alive_until)

    def stop(self) -> None:
        """There is nothing to find out any more."""
        self._ping_at = self._answer_by = self._alive_until = NEVER
        self._set_due()

    def gone(self, now: float) -> bool:
        """Whether the peer is, by our time or by the one that it named."""
        return self._unanswered(now) or self._outlived(now)

    def _silent(self, heard_then: int) -> bool:
        return self.heard == heard_then and not (self.held or self._unread())

    def _unread(self) -> bool:
        """Whether something, if only the end, has come that was not read."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            pass
        return True

    def _unanswered(self, now: float) -> bool:
        if now < self._answer_by:
            return False
        if self._asking:
            fair = now - unacknowledged(self._socket) + self._timeout
        else:
            fair = self._asked_at + self._timeout
        if not self._silent(self._heard_then):
            self._answer_by = NEVER
        elif now < fair:
            self._answer_by = fair
        else:
            return True
        return False

    def _outlived(self, now: float) -> bool:
        if now < self._alive_until:
            return False
        if self._silent(self._heard_at_ttl):
            return True
        self._heard_at_ttl = self.heard
        self._alive_until = now + self._peer_ttl
        return False

    def asks(self, now: float, may_ask: bool) -> bool:
        """Whether a PING is to be sent now.  Times are then set for the next turn."""
        ask = False
        if now >= self._ping_at:
            self._ping_at = now + self._interval
            ask = may_ask
        if ask and self._timeout and not self._waiting():
            self._answer_by = now + self._timeout
            self._heard_then = self.heard
            self._asking = True
        self._set_due()
        return ask

    def _waiting(self) -> bool:
        """A PING went out, and nothing came since."""
        return self._answer_by < NEVER and self.heard == self._heard_then

    def asked(self) -> None:
        """The kernel has taken what there was to say."""
        if self._asking:
            self._asking = False
            self._asked_at = time.monotonic()

    def promised(self, ttl: int) -> None:
        """The peer sent a PING with that TTL, in tenths of a second."""
        self._peer_ttl = ttl / 10
        self._alive_until = time.monotonic() + self._peer_ttl if ttl else NEVER
        self._heard_at_ttl = self.heard
        self._set_due()
