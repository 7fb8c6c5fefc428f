"""Frames as objects, and trackers of when a buffer may be used again (pyzmq's API)."""

from __future__ import annotations

import time
from errno import EINVAL
from threading import Event
from typing import Any, Union

from .error import NotDone, ZMQError

#: Bodies shorter than this are copied even with ``copy=False``, in bytes.
COPY_THRESHOLD = 65536


class MessageTracker:
    """Whether frames have left their buffers.

    Made of other trackers, frames or events.  pymq copies what it is sent, so a
    buffer is free as soon as `send` returns, and every tracker is done by then.
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
        elif isinstance(part, Frame):
            if part.tracker is None:
                raise ValueError("Not a tracked message")
            self.peers.add(part.tracker)
        else:
            raise TypeError(f"cannot track {part!r}")

    @property
    def done(self) -> bool:
        """Whether every part is done."""
        return all(event.is_set() for event in self.events) and all(
            peer.done for peer in self.peers
        )

    def wait(self, timeout: Union[float, None] = -1) -> None:
        """Wait until `done`; `timeout` in seconds, -1 or None for ever.

        Raises NotDone.
        """
        forever = timeout is None or timeout < 0
        deadline = None if forever else time.monotonic() + (timeout or 0)
        for event in self.events:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not event.wait(left):
                raise NotDone
        for peer in self.peers:
            peer.wait(None if deadline is None else deadline - time.monotonic())


#: What sends that copied return when they were asked to track.
_FINISHED_TRACKER = MessageTracker()


_Bytes = bytes  # inside `Frame` the name is a property's


class Frame:
    """One part of a message.

    ``Frame(data)`` takes anything with the buffer interface; `recv` with
    ``copy=False`` gives frames too, which know whether `more` follow.
    """

    def __init__(
        self,
        data: Any = None,
        track: bool = False,
        copy: Union[bool, None] = None,
        copy_threshold: Union[int, None] = None,
        more: bool = False,
    ) -> None:
        if isinstance(data, str):
            raise TypeError("Str objects not allowed. Only: bytes, buffer interfaces.")
        self._data = b"" if data is None else data
        self._buffer = memoryview(self._data)
        self._bytes: Union[bytes, None] = data if isinstance(data, bytes) else None
        self.more = more
        self.tracker = _FINISHED_TRACKER if track else None
        self.tracker_event = None

    @property
    def buffer(self) -> memoryview:
        """The body, without a copy."""
        return self._buffer

    @property
    def bytes(self) -> bytes:
        """The body; copied at most once."""
        if self._bytes is None:
            self._bytes = self._buffer.tobytes()
        return self._bytes

    def get(self, option: Union[int, str]) -> Any:
        """``MORE`` (libzmq's ZMQ_MORE).  ZMQError(EINVAL) for anything else."""
        if option == 1:
            return int(self.more)
        raise ZMQError(EINVAL)

    def __len__(self) -> int:
        return self._buffer.nbytes

    def __bytes__(self) -> _Bytes:
        return self.bytes

    def __buffer__(self, flags: int) -> memoryview:
        return self._buffer

    def __copy__(self) -> Frame:
        return Frame(self._data, more=self.more, track=self.tracker is not None)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Frame):
            return self.bytes == other.bytes
        return NotImplemented

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        body = self.bytes
        if len(body) > 16:
            return f"<zmq.Frame({body[:12]!r}...{len(body)}B)>"
        return f"<zmq.Frame({body!r})>"

    def __str__(self) -> str:
        return repr(self)


Message = Frame
