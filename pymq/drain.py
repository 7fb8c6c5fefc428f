"""What became of the messages that were still queued when an endpoint was closed."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple, Union

from .naps import longest


class Drained(NamedTuple):
    """Of the messages that waited when their endpoint or socket was closed."""

    sent: int  # the kernel has accepted their last byte, or the inproc peer has them
    dropped: int


def until(milliseconds: Union[float, None]) -> Union[float, None]:
    """The deadline for `remaining` after that time; None or less than 0: never."""
    if milliseconds is None or milliseconds < 0:
        return None
    return time.monotonic() + milliseconds / 1000


def remaining(deadline: Union[float, None]) -> float:
    """Seconds for the next wait until `deadline` (of `time.monotonic`; None: never);
    not positive when it is over."""
    if deadline is None:
        return longest()
    return min(longest(), deadline - time.monotonic())


class Drain:
    """One socket's: its sessions count, its callers wait.  `changed` may be shared
    with others: who makes many sockets should not make a condition for each."""

    __slots__ = ("_changed", "_closed", "_dropped", "_pipes", "_sent")

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._pipes = self._sent = self._dropped = 0
        self._closed = False

    def hold(self) -> None:
        """A pipe goes on sending after it was closed."""
        with self._changed:
            self._pipes += 1

    def release(self) -> None:
        """Such a pipe has ended."""
        with self._changed:
            self._pipes -= 1
            self._changed.notify_all()

    def count(self, sent: int, dropped: int) -> None:
        """What became of a pipe's messages."""
        with self._changed:
            self._sent += sent
            self._dropped += dropped

    def close(self) -> None:
        """The socket's endpoints were closed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_sent(self, deadline: Union[float, None]) -> bool:
        """Wait until no closed pipe goes on sending; False if not by `deadline`."""
        return self._wait(deadline, False)

    def wait_closed(self) -> Drained:
        """Wait until the socket was closed and all of it has ended."""
        self._wait(None, True)
        return Drained(self._sent, self._dropped)

    def _wait(self, deadline: Union[float, None], closed: bool) -> bool:
        with self._changed:
            while self._pipes or (closed and not self._closed):
                left = remaining(deadline)
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True
