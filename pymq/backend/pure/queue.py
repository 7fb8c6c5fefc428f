"""One direction of a pipe: whole messages between one writer and one reader.

Frames of an unfinished message wait aside, so that the reader sees all of a message
or nothing.  High-water marks count messages; announcements are never counted.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol, Tuple, Union

LAST = 0  # the last frame of a message
MORE = 1  # a frame that another one follows
SUBSCRIBE = 2  # not a message: the peer wants this topic
CANCEL = 3  # not a message: the peer no longer wants this topic

#: A body, and what it is (one of the constants above).
Frame = Tuple[bytes, int]


class Owned(bytes):
    """A body; what its sender wants kept as long as the body is."""

    owner: object


_ANNOUNCEMENT = {0: CANCEL, 1: SUBSCRIBE}


class Reader(Protocol):
    """The end that takes messages out."""

    def _readable(self) -> None: ...


class Writer(Protocol):
    """The end that puts messages in."""

    def _writable(self) -> None: ...


class Queue:
    """A bounded queue; `full` only matters between messages."""

    __slots__ = (
        "acked",
        "frames",
        "hwm",
        "read",
        "reader",
        "reader_parked",
        "topics",
        "unfinished",
        "writer",
        "writer_parked",
        "written",
    )

    def __init__(self, hwm: int) -> None:
        self.hwm = hwm
        self.frames: deque[Frame] = deque()
        self.unfinished: list[Frame] = []
        self.written = self.read = self.acked = 0
        self.reader: Union[Reader, None] = None
        self.writer: Union[Writer, None] = None
        self.reader_parked = True
        self.writer_parked = False
        #: The reader takes in subscriptions: recognise those sent as messages.
        self.topics = False

    def full(self) -> bool:
        """Whether the mark forbids another message."""
        return 0 < self.hwm <= self.written - self.acked

    def park_writer(self) -> None:
        """Ask for `Writer._writable` once there is room again."""
        self.writer_parked = True

    def write(self, body: bytes, more: bool) -> None:
        """Add one frame; the message becomes visible with its last frame."""
        if more:
            self.unfinished.append((body, MORE))
            return
        if self.unfinished:
            self.frames.extend(self.unfinished)
            self.unfinished.clear()
        elif self.topics and body[:1] in (b"\0", b"\1"):
            self.announce(body[1:], _ANNOUNCEMENT[body[0]])
            return
        self.frames.append((body, LAST))
        self.written += 1
        if self.reader_parked:
            self._wake_reader()

    def announce(self, topic: bytes, kind: int) -> None:
        """Add SUBSCRIBE or CANCEL, whatever the mark says."""
        self.frames.append((topic, kind))
        if self.reader_parked:
            self._wake_reader()

    def rollback(self) -> None:
        """Drop the unfinished message."""
        self.unfinished.clear()

    def pop(self) -> Union[Frame, None]:
        """Take the next frame; None parks the reader until there is one."""
        if not self.frames:
            self.reader_parked = True
            return None
        frame = self.frames.popleft()
        if frame[1] == LAST:
            self.read += 1
            if self.read - self.acked >= self._low_mark():
                self._ack()
        return frame

    def unpop(self, frames: list[Frame]) -> None:
        """Put frames back at the head, in order."""
        self.frames.extendleft(reversed(frames))
        self.read -= sum(1 for _, kind in frames if kind == LAST)

    def clear(self) -> None:
        """Drop everything, finished or not."""
        self.read += sum(1 for _, kind in self.frames if kind == LAST)
        self.frames.clear()
        self.unfinished.clear()
        self._ack()

    def set_hwm(self, hwm: int) -> None:
        """Change the mark; lowering it drops nothing."""
        self.hwm = hwm
        self._ack()

    def _low_mark(self) -> int:
        # libzmq's reader reports what it has read in steps of half the mark, so a
        # writer that found the queue full resumes only after that many.
        return (self.hwm + 1) // 2

    def _ack(self) -> None:
        if self.read - self.acked >= self._low_mark():
            self.acked = self.read
        if self.writer_parked and not self.full():
            self.writer_parked = False
            if self.writer is not None:
                self.writer._writable()

    def _wake_reader(self) -> None:
        self.reader_parked = False
        if self.reader is not None:
            self.reader._readable()
