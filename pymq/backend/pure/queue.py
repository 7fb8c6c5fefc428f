"""One direction of a pipe: whole messages between one writer and one reader.

Frames of an unfinished message wait aside, so that the reader sees all of a message
or nothing.  High-water marks count messages; announcements are never counted.
"""

from __future__ import annotations

from collections import deque
from typing import Callable, Protocol, Tuple, Union

from .aside import aside

LAST = 0  # the last frame of a message
MORE = 1  # a frame that another one follows
SUBSCRIBE = 2  # not a message: the peer wants this topic
CANCEL = 3  # not a message: the peer no longer wants this topic
PROBE = 4  # not a message: a PING, for the peer to answer when it has come so far

#: What it is (one of the constants above, of which LAST and MORE are also what a
#: decoder says), and the body.
Frame = Tuple[int, bytes]


#: Whether somebody wants a message with this first frame.
Wanted = Callable[[bytes], object]


def _framed(frame: Frame) -> int:
    """Bytes of a frame in ZMTP 3."""
    return len(frame[1]) + (2 if len(frame[1]) < 256 else 9)


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
        "bytes",
        "conflate",
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
        self.bytes = 0  # of the messages written, as ZMTP frames them
        self.reader: Union[Reader, None] = None
        self.writer: Union[Writer, None] = None
        self.reader_parked = True
        self.writer_parked = False
        #: The reader takes in subscriptions: recognise those sent as messages.
        self.topics = False
        self.conflate = False  # hold the last message only; without a mark

    def keep_last(self) -> None:
        """Conflate from now on.  Only for a queue without announcements."""
        self.conflate = True
        ends = [at for at, frame in enumerate(self.frames) if frame[0] == LAST]
        for _ in range(ends[-2] + 1 if len(ends) > 1 else 0):
            self.read += self.frames.popleft()[0] == LAST

    def full(self) -> bool:
        """Whether the mark forbids another message."""
        return 0 < self.hwm <= self.written - self.acked

    def waiting(self) -> int:
        """How many messages and announcements are there."""
        return sum(kind != MORE for kind, _ in self.frames)

    def park_writer(self) -> None:
        """Ask for `Writer._writable` once there is room again."""
        self.writer_parked = True

    def write(self, body: bytes, more: bool) -> None:
        """Add one frame; the message becomes visible with its last frame."""
        if more:
            self.unfinished.append((MORE, body))
            return
        if self.conflate:
            self._drop_finished()
        if self.unfinished:
            self.frames.extend(self.unfinished)
            self.bytes += sum(map(_framed, self.unfinished))
            self.unfinished.clear()
        elif self.topics and body[:1] in (b"\0", b"\1"):
            self.announce(body[1:], _ANNOUNCEMENT[body[0]])
            return
        self.frames.append((LAST, body))
        self.bytes += len(body) + (2 if len(body) < 256 else 9)
        self.written += 1
        if self.reader_parked:
            self._wake_reader()

    def write_singles(self, held: deque[Frame]) -> None:
        """Move the messages of one frame that `held` begins with, between messages:
        as `write`, while the mark allows it."""
        if self.topics or self.conflate:
            return
        room = self.hwm - (self.written - self.acked) if self.hwm else len(held)
        append, popleft = self.frames.append, held.popleft
        left, size = room, 0
        while left > 0 and held and held[0][0] == LAST:
            frame = popleft()
            append(frame)
            size += _framed(frame)
            left -= 1
        if left != room:
            self.bytes += size
            self.written += room - left
            if self.reader_parked:
                self._wake_reader()

    def announce(self, topic: bytes, kind: int) -> None:
        """Add SUBSCRIBE, CANCEL or PROBE, whatever the mark says."""
        self.frames.append((kind, topic))
        if self.reader_parked:
            self._wake_reader()

    def rollback(self) -> None:
        """Drop the unfinished message."""
        self.unfinished.clear()

    def pop(self) -> Union[Frame, None]:
        """Take the next frame; None parks the reader until there is one."""
        frame = self.pop_uncounted()
        if frame is not None and frame[0] == LAST:
            self.count()
        return frame

    def pop_uncounted(self) -> Union[Frame, None]:
        """As `pop`, but `count` is for the caller to call, when all of the message has
        been read."""
        if not self.frames:
            self.reader_parked = True
            self._resume_writer()  # announcements have no acknowledgment
            return None
        return self.frames.popleft()

    def count(self) -> None:
        """A message has been read."""
        self.read += 1
        if self.read - self.acked >= self._low_mark():
            self._ack()

    def pop_many(self, most: int) -> list[Frame]:
        """As `pop`, all that is there, or whole messages until they make `most` bytes:
        if a link breaks, what it began must not have its rest here."""
        taken: list[Frame] = []
        add, frames = taken.append, self.frames
        messages = size = 0
        kind = LAST
        while frames and (size < most or kind == MORE):
            frame = frames.popleft()
            kind = frame[0]
            add(frame)
            size += len(frame[1]) + 2  # a header
            messages += kind == LAST
        self._have_read(messages)
        if not taken:
            self.reader_parked = True
        return taken

    def _have_read(self, messages: int) -> None:
        """Report them in the steps in which `pop` would have."""
        self.read += messages
        step = self._low_mark()
        ahead = self.read - self.acked
        if messages and ahead >= step:
            self.acked = self.read - (ahead % step if step else 0)
            self._resume_writer()

    def pop_singles(
        self, into: deque[bytes], most: int, wanted: Union[Wanted, None]
    ) -> int:
        """Move up to `most` messages of one frame, none that the writer would notice.

        Stops where `wanted` says no.  What an interrupt may lose is one message.
        """
        frames, before = self.frames, len(self.frames)
        if self.hwm:
            most = min(most, self._low_mark() - 1 - (self.read - self.acked))
        try:
            while most > 0 and frames and frames[0][0] == LAST:
                body = frames[0][1]
                if type(body) is not bytes or not (wanted is None or wanted(body)):
                    break
                into.append(frames.popleft()[1])
                most -= 1
        finally:
            self._moved(before - len(frames))
        return before - len(frames)

    def unpop_single(self, body: bytes) -> None:
        """Put back at the head what `pop_singles` took."""
        self.frames.appendleft((LAST, body))
        self._moved(-1)

    def _moved(self, messages: int) -> None:
        self.read += messages
        if not self.hwm:
            self.acked = self.read

    def unpop(self, frames: list[Frame]) -> None:
        """Put frames back at the head, in order."""
        if self.conflate and self.frames:
            return
        self.frames.extendleft(reversed(frames))
        self.read -= sum(1 for kind, _ in frames if kind == LAST)

    def cut(self) -> bool:
        """Drop the oldest message; whether there was one.  Only for a queue without
        announcements."""
        if not self.frames:
            return False
        while self.frames.popleft()[0] == MORE:
            pass
        self.read += 1
        self.acked = self.read
        self._resume_writer()
        return True

    def clear(self) -> None:
        """Drop everything, finished or not."""
        self._drop_finished()
        self.unfinished.clear()
        self._ack()

    def _drop_finished(self) -> None:
        self.read += sum(1 for kind, _ in self.frames if kind == LAST)
        self.frames.clear()

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
        self._resume_writer()

    def _resume_writer(self) -> None:
        if self.writer_parked and not self.full():
            self.writer_parked = False
            if self.writer is not None:
                aside(self.writer._writable)

    def _wake_reader(self) -> None:
        self.reader_parked = False
        if self.reader is not None:
            aside(self.reader._readable)
