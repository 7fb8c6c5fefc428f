"""Trackers: they tell when a buffer that was sent may be used again."""

from __future__ import annotations

import gc
import sys
import time
from threading import Event
from typing import Any, Union
from weakref import ref

from .backend import settle
from .error import NotDone

_PAUSE = 0.0005, 0.02  # seconds between two looks, at first and at most
_COUNTED = sys.implementation.name == "cpython"  # an object ends with its last use


class Owner:
    """Lives as long as frames or the backend need a buffer."""

    __slots__ = ("__weakref__",)


class Release(Event):
    """An event that is set when a buffer is no longer needed.

    The thread that drops the buffer may not be one that knows Python, and must not wake
    Python for each message.  So whoever wants to know has to look.
    """

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = ref(owner)

    def is_set(self) -> bool:
        """Look whether it is set."""
        settle()
        return self._owner() is None

    def wait(self, timeout: Union[float, None] = None) -> bool:
        """Look repeatedly, for at most `timeout` seconds.  Returns whether it is
        set."""
        end = None if timeout is None else time.monotonic() + timeout
        pause, most = _PAUSE
        while not self.is_set():
            left = most if end is None else end - time.monotonic()
            if left <= 0:
                return False
            if not _COUNTED:
                gc.collect()
            time.sleep(min(pause, left))
            pause = min(2 * pause, most)
        return True


class MessageTracker:
    """Tells when buffers that were sent without a copy may be changed.

    It is made of frames, other trackers or `threading.Event` objects, and is *done*
    when all of them are.  A buffer is done when no `Frame` of it exists any more and
    each message that was made of it was accepted by the kernel, was dropped, or (over
    inproc) is no longer in use by its receiver.  A buffer that was copied is done at
    once.

    ValueError for a frame without a tracker, TypeError for anything else.
    """

    def __init__(self, *parts: Any) -> None:
        self.events: set[Event] = set()
        self.peers: set[MessageTracker] = set()
        for part in parts:
            self._add(part)

    def _add(self, part: Any) -> None:
        if isinstance(part, Event):
            self.events.add(part)
        elif isinstance(part, MessageTracker):
            self.peers.add(part)
        else:
            self.peers.add(_of_frame(part))

    @property
    def done(self) -> bool:
        """Whether all parts are done."""
        return all(event.is_set() for event in self.events) and all(
            peer.done for peer in self.peers
        )

    def wait(self, timeout: Union[float, None] = -1) -> None:
        """Wait until `done`.

        `timeout` is in **seconds**, as in pyzmq; None or a negative number means for
        ever.  NotDone after a timeout.
        """
        forever = timeout is None or timeout < 0
        deadline = None if forever else time.monotonic() + (timeout or 0)
        for event in self.events:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not event.wait(left):
                raise NotDone
        for peer in self.peers:
            peer.wait(None if deadline is None else deadline - time.monotonic())


def _of_frame(part: Any) -> MessageTracker:
    from .frame import Frame  # which has trackers itself

    if not isinstance(part, Frame):
        raise TypeError(f"cannot track {part!r}")
    if part.tracker is None:
        raise ValueError("Not a tracked message")
    return part.tracker


#: What sends that copied return when they were asked to track.
_FINISHED_TRACKER = MessageTracker()
