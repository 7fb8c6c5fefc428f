"""A socket's end of its pipes: the two policies of a socket type, and who waits."""

from __future__ import annotations

from collections import deque
from errno import EAGAIN, EALREADY, EINVAL
from operator import attrgetter
from typing import Callable, Sequence, Union

from ..abc import (
    Buffer,
    HubOption,
    Moved,
    Receive,
    Routing,
    Send,
    check_bytes,
)
from ..abc import Hub as AbstractHub
from ..counts import NOTHING, Counts, KnownPeers, Peer
from ..messages import recv_message, send_message
from . import policies
from .counting import describe, total
from .lasts import Lasts
from .loop import Loop
from .moving import move, refusal
from .names import Names
from .pipe import Pipe
from .queue import CANCEL, SUBSCRIBE, Owned
from .topics import Topics
from .waiting import Waiting

#: Options that are switches: whose, their name there, and its value when on.
SWITCHES = {
    HubOption.MANDATORY: ("sender", "mandatory", 1),
    HubOption.VERBOSE: ("receiver", "verbose", 1),
    HubOption.VERBOSER: ("receiver", "verbose", 2),
    HubOption.MANUAL: ("receiver", "manual", 1),
    HubOption.NO_DROP: ("sender", "no_drop", 1),
    HubOption.INVERT: ("receiver", "inverted", 1),
    HubOption.ONLY_FIRST: ("receiver", "only_first", 1),
    HubOption.LAST_VALUE: ("receiver", "last_value", 1),
    HubOption.CORRELATE: ("sender", "correlate", 1),
    HubOption.RELAXED: ("sender", "relaxed", 1),
}


class Hub(Waiting):
    """See `pymq.backend.abc.Hub`."""

    def __init__(self, loop: Loop, routing: Routing) -> None:
        super().__init__(loop.lock)
        self.loop = loop
        self.routing = routing
        self.takes_topics = routing.receive in (Receive.TOPICS, Receive.NOTICES)
        self.send_hwm = self.recv_hwm = 1000
        self.more = False
        self.peer = self.chosen = 0
        self.names = Names()
        self.own_topics: Topics[int] = Topics()
        self.ahead: deque[bytes] = deque()  # see Receiver.put_back
        self.looks_ahead = False
        self.lasts: Union[Lasts, None] = None
        self._greeting: Union[bytes, None] = None
        receiver, sender = policies.of(routing)
        self.receiver = receiver(self)
        self.sender = sender(self)
        self.inside = False  # a message that is being sent
        self._past = NOTHING  # of the pipes that are gone

    # Pipes.

    def open(self, conflate: bool = False) -> Union[Pipe, None]:
        """See `pymq.backend.abc.Hub.open`."""
        with self.lock:
            self.receiver.take_in()
            one = self.routing.send is Send.ONE
            taken = one and any(not pipe.closed for pipe in self.pipes.values())
            if taken or self._freed:
                return None
            pipe = Pipe(self, self.send_hwm, self.recv_hwm)
            if conflate:
                pipe._conflate()
            if self._greeting is not None:
                pipe.output.write(self._greeting, False)
            self.pipes[pipe.id] = pipe
            self.sender.add(pipe)
            self._wake()
            return pipe

    def has(self, pipe: int) -> bool:
        """See `pymq.backend.abc.Hub.has`."""
        with self.lock:
            self.receiver.take_in()
            return pipe in self.pipes and not self.pipes[pipe].closed

    def _pipe_readable(self, pipe: Pipe) -> None:
        self.receiver.add(pipe)
        self._wake()

    def _pipe_writable(self, pipe: Pipe) -> None:
        self.sender.revive(pipe)
        self._wake()

    def _pipe_ended(self, pipe: Pipe) -> None:
        """No more sends; what arrived may stay readable."""
        self.receiver.put_back()
        self.receiver.end(pipe)
        self.sender.remove(pipe)
        self.names.release(pipe)
        if not (pipe.input.frames or self.receiver.receives_from(pipe)):
            self._pipe_dropped(pipe)
        self._wake()

    def _pipe_dropped(self, pipe: Pipe) -> None:
        """Nothing of it is left to read."""
        self.receiver.remove(pipe)
        if pipe.closed and self.pipes.pop(pipe.id, None) is not None:
            past = total(self._past, [pipe])
            self._past = past._replace(peers=0, waiting_in=0, waiting_out=0)

    # Messages.

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """See `pymq.backend.abc.Hub.send`."""
        body = data if data.__class__ is bytes else bytes(memoryview(data))
        if owner is not None:
            body = Owned(body)
            body.owner = owner
        return self._send(body, more)

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """See `pymq.backend.abc.Hub.quick_send`."""
        return self._send

    def _send(self, body: bytes, more: bool = False) -> int:
        with self.lock:
            if self._stopped:
                return -self._stopped
            if self.takes_topics:
                self.receiver.take_in()
            result = self.sender.send(body, more)
            if result == 0:
                self.inside = more
                if self.lasts and not more:
                    self._take_late_topics()
            elif result == -EAGAIN:
                self._clear()
            return result

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv`."""
        return self.recv

    def send_many(self, messages: Sequence[bytes]) -> int:
        """See `pymq.backend.abc.Hub.send_many`."""
        check_bytes(messages)
        with self.lock:
            if self.inside:
                return -EINVAL
            for count, message in enumerate(messages):
                result = self._send(message)
                if result < 0:
                    return count or result
            return len(messages)

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """See `pymq.backend.abc.Hub.send_message`."""
        with self.lock:
            return send_message(self, frames, more, owners)

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """See `pymq.backend.abc.Hub.quick_send_message`."""
        return self._send_bytes

    def _send_bytes(self, frames: list[bytes]) -> Union[int, None]:
        frames = list(frames)  # the caller's may be another thread's, too
        plain = set(map(type, frames)) == {bytes}
        return self.send_message(frames) if plain else None

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv_message`."""
        return self.recv_message

    def recv_message(self) -> Union[list[bytes], int]:
        """See `pymq.backend.abc.Hub.recv_message`."""
        with self.lock:
            return recv_message(self)

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """See `pymq.backend.abc.Hub.recv_message_from`."""
        frames: list[Buffer] = []
        with self.lock:
            while True:
                found = self.recv_from()
                if isinstance(found, int):
                    return found
                frames.append(found[0])
                if not found[2]:
                    return frames, self.peer

    def recv_many(self, most: int) -> list[bytes]:
        """See `pymq.backend.abc.Hub.recv_many`."""
        found: list[bytes] = []
        with self.lock:
            self.receiver.put_back()
            self.receiver.take_in()
            while len(found) < most and not self._stopped and self.receiver.single():
                frame = self.receiver.recv()
                assert not isinstance(frame, int)
                found.append(bytes(frame))
        return found

    def move(self, to: AbstractHub, most: int) -> Moved:
        """See `pymq.backend.abc.Hub.move`."""
        if not isinstance(to, Hub):
            raise TypeError("the other hub is another backend's")
        if to.lock is not self.lock:
            return Moved(0, 0, 0, -EALREADY)
        with self.lock:
            refused = refusal(self, to)
            return Moved(0, 0, 0, refused) if refused else move(self, to, most)

    def recv(self) -> Union[bytes, int]:
        """See `pymq.backend.abc.Hub.recv`."""
        frame = self._take()
        return frame if frame.__class__ is not Owned else bytes(frame)

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """See `pymq.backend.abc.Hub.recv_from`."""
        with self.lock:
            self.receiver.put_back()  # else `peer` would not be its
            frame = self._take()
            if isinstance(frame, int):
                return frame
            body = memoryview(frame) if isinstance(frame, Owned) else frame
            return body, self.peer, self.more

    def _take(self) -> Union[bytes, int]:
        with self.lock:
            if self._stopped:
                return -self._stopped
            if self.looks_ahead or self.ahead:
                body = self.receiver.recv_ahead()
                if body is not None:
                    return body
            frame = self.receiver.recv()
            if frame.__class__ is int:
                self._clear()
            return frame

    def ask(self, frames: Sequence[bytes], again: bool) -> int:
        """See `pymq.backend.abc.Hub.ask`."""
        with self.lock:
            return -self._stopped or self.sender.ask(frames, again)

    def give_up(self) -> None:
        """See `pymq.backend.abc.Hub.give_up`."""
        with self.lock:
            self.sender.give_up()

    # Options and topics.

    def set(self, option: HubOption, value: int) -> None:
        """See `pymq.backend.abc.Hub.set`."""
        with self.lock:
            if option is HubOption.SEND_HWM:
                self.send_hwm = value
            elif option is HubOption.RECV_HWM:
                self.recv_hwm = value
            else:
                owner, name, on = SWITCHES[option]
                setattr(getattr(self, owner), name, on if value else 0)
                self.sender.refused = None
            if option is HubOption.LAST_VALUE:
                self.receiver.manual = self.receiver.last_value
            self.receiver.put_back()
            for pipe in self.pipes.values():
                pipe._set_marks()
            self._wake()

    def greet(self, message: Union[bytes, None]) -> None:
        """See `pymq.backend.abc.Hub.greet`."""
        with self.lock:
            self._greeting = message

    def grant(self, topic: bytes, wanted: bool = True) -> None:
        """See `pymq.backend.abc.Hub.grant`."""
        with self.lock:
            self.receiver.take_in()
            self.receiver.grant(topic, wanted)
            self._wake()

    def subscribe(self, topic: bytes, announce: bool = True) -> None:
        """See `pymq.backend.abc.Hub.subscribe`."""
        with self.lock:
            self.receiver.put_back()
            self.own_topics.add(topic, (self.own_topics.get(topic) or 0) + 1)
            self._announce(topic, SUBSCRIBE, announce)

    def unsubscribe(self, topic: bytes, announce: bool = True) -> bool:
        """See `pymq.backend.abc.Hub.unsubscribe`."""
        with self.lock:
            self.receiver.put_back()
            count = self.own_topics.get(topic) or 0
            if count > 1:
                self.own_topics.add(topic, count - 1)
            if count != 1:
                return False
            self.own_topics.remove(topic)
            self._announce(topic, CANCEL, announce)
            return True

    def _announce(self, topic: bytes, kind: int, announce: bool) -> None:
        if announce:
            for pipe in self.pipes.values():
                if not pipe.closed:
                    pipe._announce(topic, kind)

    def topics(self) -> int:
        """See `pymq.backend.abc.Hub.topics`."""
        with self.lock:
            self.receiver.take_in()
            return len(self.own_topics) or self.receiver.topics_count()

    def subscribers(self, first: bytes) -> int:
        """See `pymq.backend.abc.Hub.subscribers`."""
        with self.lock:
            if self.takes_topics:
                self.receiver.take_in()
                return len(self.receiver.subscribers(first))
            return sum(not pipe.closed for pipe in self.pipes.values())

    def keep_last(self, limit: int) -> None:
        """See `pymq.backend.abc.Hub.keep_last`."""
        with self.lock:
            self.lasts = self.lasts or Lasts()
            self.lasts.limit(limit, self.inside)
            if not limit:
                self.lasts = None
                self._take_late_topics()

    def _take_late_topics(self) -> None:
        """Those that came in the middle of a message, and had to wait for its end."""
        if self.receiver.waiting():
            self.receiver.take_in()
            self._wake()

    def make_room(self) -> bool:
        """See `pymq.backend.abc.Hub.make_room`."""
        with self.lock:
            self.receiver.take_in()
            pipe = self.sender.refused
            if self.routing.send is not Send.TO_ALL:
                live = [pipe for pipe in self.pipes.values() if not pipe.closed]
                pipe = min(live, key=attrgetter("lost"), default=None)
            if pipe is None:
                return False
            if pipe.peer is not None:
                pipe.peer.hub.receiver.put_back()
            cut = pipe.output.cut()
            pipe.lost += cut
            return cut

    def lose(self, more: bool) -> None:
        """See `pymq.backend.abc.Hub.lose`."""
        with self.lock:
            self._lose_one()
            self.inside = more
            if self.lasts is not None:
                self.lasts.skips = more
            if more:
                self.sender.swallow()

    def _lose_one(self) -> None:
        """Count a message that no pipe had; the caller holds the lock."""
        self._past = self._past._replace(dropped=self._past.dropped + 1)

    def totals(self) -> Counts:
        """See `pymq.backend.abc.Hub.totals`."""
        with self.lock:
            if self.ahead:
                self.receiver.put_back()
            self.receiver.take_in()
            return total(self._past, self.pipes.values())

    def peers(self, known: KnownPeers) -> list[Peer]:
        """See `pymq.backend.abc.Hub.peers`."""
        with self.lock:
            if self.ahead:
                self.receiver.put_back()
            self.receiver.take_in()
            return describe(self.pipes.values(), known)

    def probe(self, number: int) -> int:
        """See `pymq.backend.abc.Hub.probe`."""
        with self.lock:
            live = [pipe for pipe in self.pipes.values() if not pipe.closed]
            return sum(pipe._echoes(number) for pipe in live)

    # The end.

    def stop(self, error: int) -> None:
        """See `pymq.backend.abc.Hub.stop`."""
        with self.lock:
            self._stopped = error
            self.receiver.put_back()
            self._wake()

    def free(self) -> None:
        """See `pymq.backend.abc.Hub.free`."""
        with self.lock:
            self._freed = True
            for pipe in list(self.pipes.values()):
                if not pipe.closed:
                    pipe.close(False)
            # The signal behind `fileno` stays, raised: a thread may be polling it.
            while self._spare:
                self._spare.pop().close()
