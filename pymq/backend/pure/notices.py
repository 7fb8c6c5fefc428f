"""Receive policies of publishers: who has subscribed to what, and who is told of it."""

from __future__ import annotations

from collections import deque
from errno import ENOTSUP
from typing import TYPE_CHECKING, Union

from .queue import CANCEL, MORE, SUBSCRIBE
from .receiving import Receiver
from .topics import Topics

if TYPE_CHECKING:
    from .hub import Hub
    from .pipe import Pipe


class Notices(Receiver):
    """Takes subscriptions in, and tells the application (XPUB)."""

    batches = False

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._topics: Topics[dict[Pipe, None]] = Topics()
        self._held: dict[Pipe, dict[bytes, None]] = {}  # the same, by pipe
        self._asked: dict[Pipe, dict[bytes, None]] = {}  # topics, when MANUAL
        # Those subscribed to over this link of a pipe, where it is not the first.
        self._again: dict[Pipe, Topics[None]] = {}
        # Whose, whether it is about a topic, and the frames.
        self._pending: deque[tuple[int, bool, list[bytes]]] = deque()
        self._unread: dict[int, int] = {}  # of these, messages of users, by pipe
        self._stalled: dict[int, Pipe] = {}  # those with as many as their mark allows
        self._noticed = 0  # pipe of the last notice that was received
        self._latest = 0  # the same, until something is sent

    def ready(self) -> bool:
        """Whether `recv` would give a frame."""
        return self._find() or bool(self._frames)

    def take_in(self) -> None:
        """Subscriptions."""
        if not (self.hub.lasts and self.hub.inside):
            self._take_up()

    def _find(self) -> bool:
        self.take_in()
        return bool(self._pending)

    def _take(self) -> bool:
        if not self._find():
            return False
        self.hub.peer, notice, frames = self._pending.popleft()
        if notice:
            self._noticed = self._latest = self.hub.peer
        else:
            self._count_off(self.hub.peer)
        self._frames.extend(frames)
        return True

    def _count_off(self, pipe: int) -> None:
        """The user has another message from there."""
        left = self._unread.pop(pipe) - 1
        if left:
            self._unread[pipe] = left
        stalled = self._stalled.pop(pipe, None)
        if stalled is not None:
            self._active.append(stalled)
            self._find()

    def _is_full(self, pipe: Pipe) -> bool:
        return 0 < self.hub.recv_hwm <= self._unread.get(pipe.id, 0)

    def _take_up(self) -> None:
        """Read every pipe empty: subscriptions act at once, the rest waits here, up to
        the mark."""
        while super()._find():
            pipe = self._active[0]
            if self._is_full(pipe):
                self._stalled[pipe.id] = self._active.popleft()
            else:
                self._take_up_pipe(pipe)

    def _take_up_pipe(self, pipe: Pipe, limited: bool = True) -> None:
        message: list[bytes] = []
        first, changes = True, True
        while True:
            if first and limited and self._is_full(pipe):
                return
            frame = pipe.input.pop()
            if frame is None:
                pipe.input.reader_parked = False  # `_exhausted` parks it
                return
            kind, body = frame
            change = body[:1] in (b"\0", b"\1")
            if first:
                changes = change or not self.only_first
            first = kind != MORE
            if kind >= SUBSCRIBE:
                self._change(pipe, body, kind)
            elif change and changes:
                self._change(pipe, body[1:], SUBSCRIBE if body[0] else CANCEL)
            else:
                message.append(body)
            if kind != MORE and message:
                self._deliver(pipe, message)
                message = []

    def _deliver(self, pipe: Pipe, message: list[bytes]) -> None:
        self._pending.append((pipe.id, False, message))
        self._unread[pipe.id] = self._unread.get(pipe.id, 0) + 1

    def _change(self, pipe: Pipe, topic: bytes, kind: int) -> None:
        if self.manual:
            self._ask(pipe, topic, kind)
        elif kind == SUBSCRIBE:
            if self._join(pipe, topic) or self.verbose:
                self._notify(pipe, b"\1" + topic)
        elif self._leave(pipe, topic) or self.verbose > 1:
            self._notify(pipe, b"\0" + topic)

    def _ask(self, pipe: Pipe, topic: bytes, kind: int) -> None:
        asked = self._asked.setdefault(pipe, {})
        if kind == SUBSCRIBE:
            asked[topic] = None
        else:
            asked.pop(topic, None)
        self._notify(pipe, (b"\1" if kind == SUBSCRIBE else b"\0") + topic)

    def _join(self, pipe: Pipe, topic: bytes) -> bool:
        """Whether nobody had the topic before."""
        self._reconsider(pipe)
        self._send_lasts(pipe, topic)
        if pipe in self._again:
            self._again[pipe].add(topic, None)
        self._held.setdefault(pipe, {})[topic] = None
        pipes = self._topics.get(topic)
        if pipes is not None:
            pipes[pipe] = None
            return False
        self._topics.add(topic, {pipe: None})
        return True

    def _send_lasts(self, pipe: Pipe, topic: bytes) -> None:
        """Send the last messages to who is going to subscribe to their topics, and has
        not got them already."""
        lasts = self.hub.lasts
        if lasts is None or self.inverted or self.hub.inside or pipe.closed:
            return
        for frames in lasts.matching(topic):
            if self._has_got(pipe, frames[0]):
                continue
            if pipe.output.full():
                pipe.missed += 1
                continue
            for frame in frames[:-1]:
                pipe.output.write(frame, True)
            pipe.output.write(frames[-1], False)

    def _has_got(self, pipe: Pipe, frame: bytes) -> bool:
        again = self._again.get(pipe)
        if again is not None:
            return bool(again.match(frame))
        return any(pipe in pipes for pipes in self._topics.match(frame))

    def begin_again(self, pipe: Pipe) -> None:
        """Where last messages are kept, who is there now is to get them, whoever was
        there before."""
        if pipe in self._again or pipe.since and self.hub.lasts is not None:
            self._again[pipe] = Topics()

    def _leave(self, pipe: Pipe, topic: bytes) -> bool:
        """Whether nobody has the topic now."""
        self._reconsider(pipe)
        if topic in self._again.get(pipe, ()):
            self._again[pipe].remove(topic)
        self._held.get(pipe, {}).pop(topic, None)
        pipes = self._topics.get(topic)
        if pipes is None:
            return True
        pipes.pop(pipe, None)
        if not pipes:
            self._topics.remove(topic)
        return not pipes

    def _reconsider(self, pipe: Pipe) -> None:
        """It may stand in nobody's way any more."""
        if self.hub.sender.refused is pipe:
            self.hub.sender.refused = None

    def grant(self, topic: bytes, wanted: bool) -> None:
        """See `pymq.backend.abc.Hub.grant`."""
        pipe = self.hub.pipes.get(self._noticed)
        if pipe is not None and not pipe.closed:
            (self._join if wanted else self._leave)(pipe, topic)

    def _notify(self, pipe: Pipe, notice: bytes) -> None:
        self._pending.append((pipe.id, True, [notice]))

    def end(self, pipe: Pipe) -> None:
        """Its subscriptions end with the connection, behind all that it sent."""
        if self._stalled.pop(pipe.id, None) is not None:
            self._active.append(pipe)
        if pipe in self._active:
            self._take_up_pipe(pipe, limited=False)
        self._take_up()
        self._again.pop(pipe, None)
        asked = self._asked.pop(pipe, {})
        for topic in self._held.pop(pipe, {}):
            if self.manual:
                self._leave(pipe, topic)
            else:
                self._change(pipe, topic, CANCEL)
        for topic in asked if self.manual else ():
            self._notify(pipe, b"\0" + topic)
        self.hub._wake()

    def remove(self, pipe: Pipe) -> None:
        """Drop what arrived."""
        self._stalled.pop(pipe.id, None)
        super().remove(pipe)

    def targets(self, frame: bytes) -> list[Pipe]:
        """With LAST_VALUE, only the peer that this is for, if it wants it."""
        latest = self._take_latest()
        if latest is None:
            return super().targets(frame)
        found = self._topics.match(frame)
        return [latest] if any(latest in pipes for pipes in found) else []

    def subscribers(self, frame: bytes) -> list[Pipe]:
        """Pipes with a topic that `frame` begins with, each once; or, with INVERT,
        the other pipes."""
        found = self._topics.match(frame)
        if len(found) == 1 and not self.inverted:
            return list(found[0])
        pipes = {pipe: None for pipes in found for pipe in pipes}
        if not self.inverted:
            return list(pipes)
        every = self.hub.pipes.values()
        return [pipe for pipe in every if pipe not in pipes and not pipe.closed]

    def _take_latest(self) -> Union[Pipe, None]:
        """LAST_VALUE: the peer that the next message is for alone."""
        latest, self._latest = self._latest, 0
        pipe = self.hub.pipes.get(latest) if self.manual and self.last_value else None
        return None if pipe is None or pipe.closed else pipe

    def topics_count(self) -> int:
        """How many distinct topics peers have subscribed to."""
        return len(self._topics)


class Silent(Notices):
    """Takes subscriptions in and delivers nothing (PUB)."""

    def recv(self) -> Union[bytes, int]:
        """Refuse."""
        return -ENOTSUP

    def _deliver(self, pipe: Pipe, message: list[bytes]) -> None:
        """Publishers drop user messages."""

    def _notify(self, pipe: Pipe, notice: bytes) -> None:
        """Nobody is told."""
