"""A hub's end of one connection: a queue each way, and what is at the far side.

The far side is an engine (`attach`), another hub's pipe (`join`), or nothing yet.
"""

from __future__ import annotations

import itertools
import time
from errno import EBUSY, EINVAL
from typing import TYPE_CHECKING, Union

from ..abc import Event, EventKind, Link
from ..abc import Pipe as AbstractPipe
from .engine import Engine
from .queue import PROBE, SUBSCRIBE, Queue
from .raw_engine import RawEngine
from .sealed_engine import SealedEngine

if TYPE_CHECKING:
    from .hub import Hub

_ids = itertools.count(1)


class Pipe:
    """See `pymq.backend.abc.Pipe`."""

    __slots__ = (
        "closed",
        "engine",
        "hub",
        "id",
        "input",
        "joined",
        "keep_input",
        "lost",
        "missed",
        "output",
        "peer",
        "reported",
        "routing_id",
        "since",
    )

    def __init__(self, hub: Hub, send_hwm: int, recv_hwm: int) -> None:
        self.id = next(_ids)
        self.hub = hub
        self.routing_id = b""
        self.engine: Union[Engine, None] = None
        self.peer: Union[Pipe, None] = None
        self.closed = self.joined = False
        self.lost = 0  # messages that were dropped unsent
        self.missed = 0  # messages that it had no room for
        self.since = 0.0  # when its link came up, as `time.time`
        self.keep_input = True
        self.reported = False
        self.output = Queue(send_hwm)
        self.input = Queue(recv_hwm)
        self._own_ends()

    def _own_ends(self) -> None:
        self.output.writer = self
        self.input.reader = self
        self.input.topics = self.hub.takes_topics and not self.joined

    # What queues tell their ends.

    def _readable(self) -> None:
        self.hub._pipe_readable(self)

    def _writable(self) -> None:
        self.hub._pipe_writable(self)

    # The contract.

    def name(self, routing_id: bytes, handover: bool = False) -> int:
        """See `pymq.backend.abc.Pipe.name`."""
        with self.hub.lock:
            self.hub.receiver.take_in()
            if self.closed:
                return -EINVAL
            result = self.hub.names.claim(self, routing_id, handover)
            self.hub._wake()  # who waits to send by name may now
            return result

    def attach(self, link: Link) -> None:
        """See `pymq.backend.abc.Pipe.attach`."""
        with self.hub.lock:
            if self.engine is not None:
                raise OSError(EBUSY, "the pipe has a link")
            self.engine = _engine(link)(self.hub.loop, self, link)
            if self.closed:
                self.engine.finish(drain=True)
            elif self.hub.routing.subscribes:
                self._announce_all()
            self.hub.receiver.begin_again(self)
            self.hub.loop._add(self.engine)
            self.since = time.time()
            self.hub._wake()

    def join(self, other: AbstractPipe) -> None:
        """See `pymq.backend.abc.Pipe.join`."""
        assert isinstance(other, Pipe)
        with self.hub.lock:
            self.peer, other.peer = other, self
            self.joined = other.joined = True
            self.since = other.since = time.time()
            _cross(self, other)
            _cross(other, self)
            for end in (self, other):
                end._own_ends()
                end._set_marks()
            for end in (self, other):
                end._catch_up()
            for end in (self, other):
                if end.closed and not end.reported:
                    end._part()
                    end._report_closed()

    def _catch_up(self) -> None:
        """What was queued before the join is now there to read."""
        if self.input.frames:
            self.input.reader_parked = False
            self._readable()
        if self.hub.routing.subscribes:
            self._announce_all()

    def unsent(self) -> tuple[int, int]:
        """See `pymq.backend.abc.Pipe.unsent`."""
        with self.hub.lock:
            return self._unsent(), self.lost

    def _unsent(self) -> int:
        if self.joined:
            return 0
        return self.output.waiting() + (self.engine.unsent() if self.engine else 0)

    def close(self, drain: bool, keep_input: bool = False) -> bool:
        """See `pymq.backend.abc.Pipe.close`."""
        with self.hub.lock:
            self.hub.receiver.take_in()
            if not self.closed:
                self.closed = True
                self.output.rollback()
                self.output.writer = None
                self.hub._pipe_ended(self)
            if not keep_input:
                self.keep_input = False
                self.input.reader = None
                if not self.hub.receiver.receives_from(self):
                    self.hub._pipe_dropped(self)
            return self._finish(drain)

    def gone(self) -> bool:
        """See `pymq.backend.abc.Pipe.gone`."""
        with self.hub.lock:
            self.hub.receiver.take_in()
            return self.id not in self.hub.pipes

    def _finish(self, drain: bool) -> bool:
        if self.peer is not None:
            self._part()
        if self.reported:
            return True
        if not drain:
            self.lost += self.output.waiting()
            self.output.clear()
        if self.engine is None:
            self.reported = not self.output.frames
        else:
            self.reported = drain and self.engine.has_sent()
            self.engine.finish(drain)
        return self.reported

    def far(self) -> Union[Hub, None]:
        """The hub that it is joined to."""
        return None if self.peer is None else self.peer.hub

    def _part(self) -> None:
        """A joined pipe ends: the peer reads what is there, then forgets us."""
        peer, self.peer = self.peer, None
        self.reported = True
        if peer is None:
            return
        peer.peer = None
        peer.closed = peer.reported = True
        peer.output.rollback()
        peer.output.writer = None
        if not (self.keep_input or self.hub.receiver.receives_from(self)):
            self.input.clear()
        peer.hub._pipe_ended(peer)

    # What the engine and the hub need.

    def _conflate(self) -> None:
        """Keep the last message only.  Subscriptions are no messages."""
        if not self.hub.routing.subscribes:
            self.output.keep_last()
        if not self.hub.takes_topics:
            self.input.keep_last()
            self.hub.receiver.batches = False
        self._set_marks()

    def _set_marks(self) -> None:
        """Apply the hub's marks; a joined queue holds what both ends allow."""
        send_hwm, recv_hwm = self.hub.send_hwm, self.hub.recv_hwm
        self.hub.receiver.put_back()
        if self.peer is not None:
            self.peer.hub.receiver.put_back()
            send_hwm = _sum(send_hwm, self.peer.hub.recv_hwm)
            recv_hwm = _sum(recv_hwm, self.peer.hub.send_hwm)
        self.output.set_hwm(0 if self.output.conflate else send_hwm)
        self.input.set_hwm(0 if self.input.conflate else recv_hwm)

    def _echoes(self, number: int) -> bool:
        """See `pymq.backend.abc.Hub.probe`."""
        engine = self.engine
        if engine is None:
            return self.peer is not None
        if not engine.echoes:
            return not self._unsent()
        if engine.asked != number:
            engine.asked = number
            self.output.announce(engine.probe(number), PROBE)
        return engine.echoed == number

    def _announce(self, topic: bytes, kind: int) -> None:
        """Tell whoever is attached; with nobody there `attach` will tell all.

        Over inproc anybody may be there: to most it would be a message.
        """
        peer = self.peer
        if self.engine is not None or (peer is not None and peer.hub.takes_topics):
            self.output.announce(topic, kind)

    def _announce_all(self) -> None:
        for topic in self.hub.own_topics:
            self._announce(topic, SUBSCRIBE)

    def _link_down(self, error: int) -> None:
        """The engine has ended, and has put back what it did not send."""
        self.engine = None
        self.input.rollback()
        if self.hub.routing.subscribes:
            self.lost += self.output.written - self.output.read
            self.output.clear()
        self.hub._wake()  # nothing may be left to send
        if not self.reported:
            self.hub.loop._report(Event(EventKind.LINK_DOWN, self.id, error))

    def _drained(self) -> None:
        """Nothing is left to send on a closed pipe."""
        self.engine = None
        if not self.reported:
            self._report_closed()

    def _report_closed(self) -> None:
        self.reported = True
        self.hub.loop._report(Event(EventKind.PIPE_CLOSED, self.id, 0))


def _engine(link: Link) -> type[Engine]:
    if link.raw:
        return RawEngine
    return Engine if link.sealing is None else SealedEngine


def _cross(one: Pipe, other: Pipe) -> None:
    """What one end writes is the other's to read."""
    if other.input.conflate:
        one.output.keep_last()
    other.input = one.output
    if one.output.conflate:
        other.hub.receiver.batches = False


def _sum(send_hwm: int, recv_hwm: int) -> int:
    return send_hwm + recv_hwm if send_hwm and recv_hwm else 0
