"""pyzmq's collector of buffers that libzmq is done with, which pymq has no need of.

What was lent is let go of by the next call that passes by (`pymq.backend.settle`), not
by a thread with a socket.  Programs look whether `gc` still holds something, or which
thread to leave alone: it holds nothing, and its thread never starts.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import Any, NamedTuple, Union


class gcref(NamedTuple):  # noqa: N801
    """An object that is held, and what tells of its end."""

    obj: object
    event: Union[Event, None]


class GarbageCollectorThread(Thread):
    """Is never started: its `ident` is None."""

    def __init__(self, gc: GarbageCollector) -> None:
        super().__init__(name="pymq-no-garbage", daemon=True)
        self.gc = gc


class GarbageCollector:
    """Holds nothing: `refs` is empty."""

    url = "inproc://pyzmq.gc.01"
    context: Any = None

    def __init__(self, context: Any = None) -> None:
        self.context = context
        self.refs: dict[int, gcref] = {}
        self.thread = GarbageCollectorThread(self)

    def start(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""

    def is_alive(self) -> bool:
        """Never."""
        return False

    def store(self, obj: object, event: Union[Event, None] = None) -> int:
        """Of libzmq's buffers, of which there are none: NotImplementedError."""
        raise NotImplementedError("pymq holds what it was lent itself")


gc = GarbageCollector()

__all__ = ["gc", "GarbageCollector"]
