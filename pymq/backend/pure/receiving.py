"""Receive policies: what a hub does with messages that arrive.  One class per
`Receive`, those of publishers in `notices`; all of them fair-queued: one whole message
from each pipe in turn."""

from __future__ import annotations

from collections import deque
from errno import EAGAIN, ENOTSUP
from math import inf
from typing import TYPE_CHECKING, Union

from .aside import aside
from .queue import MORE, Wanted

if TYPE_CHECKING:
    from .hub import Hub
    from .pipe import Pipe

LEAST, MOST = 8, 256  # messages received ahead: the longer nothing happens, the more


class Receiver:
    """Fair queueing.  A message leaves its pipe whole: its remaining frames wait
    here, so that nothing that happens to the pipe can cut it.  It counts as read when
    its user has the last one.

    Messages of one frame may also be received ahead of their user (see
    `pymq.backend.abc.Hub.ahead`).  Before anybody could see that they are not in
    their pipes any more they are put back.
    """

    verbose = 0  # 1: duplicate subscriptions are told of, 2: all changes are
    manual = 0
    only_first = 0
    last_value = 0
    inverted = 0
    batches = True  # whether `single` messages may be received in batches

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._active: deque[Pipe] = deque()
        self._frames: deque[bytes] = deque()  # of the message being received ...
        self._passed: list[Pipe] = []  # over, for a moment
        self._source: Union[Pipe, None] = None  # ... from here
        self._most = LEAST  # messages to receive ahead

    def recv(self) -> Union[bytes, int]:
        """The next frame, and sets `more` and `peer` of the hub; or the error,
        negative."""
        if not self._frames and not self._take():
            return -EAGAIN
        frame = self._frames.popleft()
        self.hub.more = bool(self._frames)
        if self._source is not None and not self._frames:
            self._finish(self._source)
        return frame

    def recv_ahead(self) -> Union[bytes, None]:
        """The next message of those ahead; looks ahead if there are none.

        None, if there still are none: then it is for `recv` to tell.
        """
        if not self.hub.ahead:
            self._look_ahead()
        try:
            body = self.hub.ahead.popleft()
        except IndexError:
            return None
        self.hub.more = False
        return body

    def _look_ahead(self) -> None:
        if not self.batches or self._frames or not self._find():
            return
        ahead, active, left = self.hub.ahead, self._active, self._most
        wanted = self.wanted()
        turn = 1 if len(active) > 1 else left
        self.hub.peer = active[0].id
        taken = left
        while taken and left > 0:
            taken = active[0].input.pop_singles(ahead, turn, wanted)
            left -= taken
            active.rotate(-1 if taken else 0)
        self._most = min(self._most * 2, MOST)

    def wanted(self) -> Union[Wanted, None]:
        """Which messages are for us; None: any."""
        return None

    def put_back(self) -> None:
        """Nothing is ahead any more: it is where, and as, it was.

        Each message went with one turn, and comes back with one turn back.  Users pop
        at the other end, without the lock.
        """
        while self.hub.ahead:
            try:
                body = self.hub.ahead.pop()
            except IndexError:
                return
            self._active.rotate(1)
            self._active[0].input.unpop_single(body)
            self._most = LEAST

    def ready(self) -> bool:
        """Whether `recv` would give a frame."""
        return bool(self._frames or self.hub.ahead) or self._find()

    def take_in(self) -> None:
        """Of what has arrived, what is the hub's own."""

    def single(self) -> bool:
        """Whether a message of one frame is next."""
        if not self.batches or self._frames or not self._find():
            return False
        return self._active[0].input.frames[0][0] != MORE

    def waiting(self) -> bool:
        """Whether something may have come that was not looked at."""
        return bool(self._active)

    def _find(self) -> bool:
        """Bring a pipe with a message for us to the front."""
        while self._active:
            pipe = self._active[0]
            if pipe.input.frames:
                return True
            aside(self._exhausted, pipe)
        return False

    def _exhausted(self, pipe: Pipe) -> None:
        self._active.popleft()
        pipe.input.pop()
        if pipe.closed:
            self.hub._pipe_dropped(pipe)

    def drop_rest(self) -> None:
        """Of a message that is being received."""
        self._frames.clear()
        if self._source is not None:
            self._finish(self._source)

    def _finish(self, pipe: Pipe) -> None:
        """All of a message from there was received."""
        self._source = None
        pipe.input.count()
        if pipe.closed:
            if not pipe.keep_input:
                pipe.input.clear()
            if not pipe.input.frames:
                self.hub._pipe_dropped(pipe)

    def receives_from(self, pipe: Pipe) -> bool:
        """Whether more frames of the message that is being received come from there."""
        return self._source is pipe

    def begun(self) -> bool:
        """Whether there are more frames of the message that is being received."""
        return bool(self._frames)

    def look(self) -> Union[tuple[bytes, bool], None]:
        """The first frame of the next message, and whether more follow; or None.  With
        nothing ahead."""
        if not self._find():
            return None
        kind, body = self._active[0].input.frames[0]
        return body, kind == MORE

    def look_until(self, ends: dict[Pipe, int]) -> Union[tuple[bytes, bool], None]:
        """As `look`, passing over pipes that have brought as much as `ends` says."""
        first = self.look()
        while first and self._active[0].input.read >= ends.get(self._active[0], inf):
            self._passed.append(self._active.popleft())
            first = self.look()
        return first

    def look_at_all(self) -> None:
        """Nothing is passed over any more."""
        self._active.extend(self._passed)
        self._passed.clear()

    def take(self) -> list[bytes]:
        """The frames of the message that `look` gave."""
        pipe = self._active[0]
        frames = self._message(pipe)
        self.hub.peer = pipe.id
        self._active.rotate(-1)
        self._finish(pipe)
        return frames

    def _take(self) -> bool:
        if not self._find():
            return False
        pipe = self._active[0]
        self._frames.extend(self._message(pipe))
        self._source = pipe
        self.hub.peer = pipe.id
        self._active.rotate(-1)
        return True

    def _message(self, pipe: Pipe) -> list[bytes]:
        """Pop one whole message, which the caller counts."""
        frames = []
        more = True
        while more:
            frame = pipe.input.pop_uncounted()
            assert frame is not None
            frames.append(frame[1])
            more = frame[0] == MORE
        return frames

    def _skip(self, pipe: Pipe) -> None:
        """Throw one whole message away."""
        self._message(pipe)
        pipe.input.count()

    def add(self, pipe: Pipe) -> None:
        """A pipe has messages again."""
        self.put_back()
        self._active.append(pipe)

    def begin_again(self, pipe: Pipe) -> None:
        """The pipe gets a link, perhaps not its first."""

    def end(self, pipe: Pipe) -> None:
        """The pipe's peer is gone; what arrived is still to be read."""

    def remove(self, pipe: Pipe) -> None:
        """Drop what arrived."""
        self.put_back()
        if pipe in self._active:
            self._active.remove(pipe)

    def subscribers(self, frame: bytes) -> list[Pipe]:
        """Pipes that want a message with this first frame."""
        return []

    def targets(self, frame: bytes) -> list[Pipe]:
        """Those that the next message, which begins with it, is for."""
        return self.subscribers(frame)

    def grant(self, topic: bytes, wanted: bool) -> None:
        """See `pymq.backend.abc.Hub.grant`."""

    def topics_count(self) -> int:
        """How many distinct topics peers have subscribed to."""
        return 0


class Nothing(Receiver):
    """Receiving is refused; what arrives is thrown away (PUSH, and PUB's base)."""

    batches = False

    def recv(self) -> Union[bytes, int]:
        """Refuse."""
        return -ENOTSUP

    def ready(self) -> bool:
        """Never; throws away."""
        while self._find():
            self._skip(self._active[0])
        return False

    def add(self, pipe: Pipe) -> None:
        """Throw away at once, so that the peer never blocks on us."""
        super().add(pipe)
        self.ready()


class Named(Receiver):
    """The peer's routing id comes first."""

    batches = False

    def look(self) -> Union[tuple[bytes, bool], None]:
        """The name."""
        return (self._active[0].routing_id, True) if self._find() else None

    def _message(self, pipe: Pipe) -> list[bytes]:
        return [pipe.routing_id, *super()._message(pipe)]


class Filtered(Receiver):
    """Only messages that begin with a topic of ours; or, with INVERT, with none."""

    def wanted(self) -> Union[Wanted, None]:
        """Which messages are for us."""
        match = self.hub.own_topics.match
        return (lambda frame: not match(frame)) if self.inverted else match

    def _find(self) -> bool:
        match = self.hub.own_topics.match
        while super()._find():
            pipe = self._active[0]
            if bool(match(pipe.input.frames[0][1])) != self.inverted:
                return True
            self._skip(pipe)
        return False
