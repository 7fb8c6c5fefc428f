"""Counting what became of messages that were queued when an endpoint was closed."""

from __future__ import annotations

from typing import NamedTuple

from .changed import Changed


class Drained(NamedTuple):
    """The result of `Socket.drain`, in messages.

    Counted are the messages that were still queued when their endpoint or socket was
    closed.
    """

    sent: (
        int  # accepted by the kernel to the last byte, or readable for the inproc peer
    )
    dropped: int


class Drain:
    """Counts for one socket.  Its sessions count, its callers wait.

    `changed` may be shared, so that not every socket needs a condition.
    """

    __slots__ = ("_closed", "_dropped", "_pipes", "_sent", "changed")

    def __init__(self, changed: Changed) -> None:
        self.changed = changed
        self._pipes = self._sent = self._dropped = 0
        self._closed = False

    def hold(self) -> None:
        """Count a pipe that goes on sending after it was closed."""
        with self.changed.lock:
            self._pipes += 1

    def release(self) -> None:
        """Such a pipe has ended."""
        with self.changed.lock:
            self._pipes -= 1
            self.changed.notify_all()

    def count(self, sent: int, dropped: int) -> None:
        """Add what became of a pipe's messages."""
        with self.changed.lock:
            self._sent += sent
            self._dropped += dropped

    def close(self) -> None:
        """The socket's endpoints were closed."""
        with self.changed.lock:
            self._closed = True
            self.changed.notify_all()

    def has_sent(self) -> bool:
        """Whether no closed pipe is still sending.  `changed` is held."""
        return not self._pipes

    def has_ended(self) -> bool:
        """Whether, in addition, the socket was closed."""
        return self._closed and not self._pipes

    def outcome(self) -> Drained:
        """Return the result for what has ended so far."""
        return Drained(self._sent, self._dropped)
