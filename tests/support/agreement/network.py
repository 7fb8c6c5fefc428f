"""Runs a program on sockets that are connected over tcp and ipc.

There what one socket does reaches the others in its own time.  After each operation the
interpreter waits for what must come of it (`ties.py`): a connection that is made or
ends, a message, a notice.  Between two operations nothing is under way.

Monitors say when connections begin and end.  They say so from the I/O thread, which
then goes on to tell the socket: when another connection has been made and used behind
that, it has.  Of topics, one that is subscribed to and published behind all the others
says that these have arrived.
"""

from __future__ import annotations

import itertools
from importlib import import_module
from typing import Any, Callable, Optional

from implementations import Implementation
from library import TIMEOUT, Library
from marriage import subscribe, unsubscribe
from patience import until

from .interpreter import Entry, Interpreter
from .programs import Body, Program
from .ties import (
    EXCLUSIVE,
    IN_TURN,
    NAMED,
    PUBLISHERS,
    SUBSCRIBERS,
    Message,
    Ties,
    name,
    sender,
    tag,
)

#: How often the I/O thread is waited for: the end of a pipe is said, and answered.
PASSES = 2
MADE, ENDED = "HANDSHAKE_SUCCEEDED", "DISCONNECTED"
MARK = b"\xffmark"  # begins topics that are no program's
SKIPPED = "skipped"  # what its outcome is depends on chance, or nothing is


#: Who received what.
Found = list[tuple[int, Message]]


class Network(Interpreter):
    """One run of one program; socket 0 binds, the others connect to it."""

    def __init__(self, implementation: Implementation, program: Program) -> None:
        super().__init__(implementation, program)
        self._library = Library(implementation)
        self._tools: Any = import_module(f"{self._zmq.__name__}.utils.monitor")
        self._ties = Ties(program.kinds)
        self._unread = [0] * len(program.kinds)
        self._monitors: dict[int, Any] = {}
        self._marks = itertools.count()
        self._places = {name: self._library.reserved(name) for name in ("tcp", "ipc")}

    def _new(self, number: int) -> Any:
        kind = self._program.kinds[number]
        made = self._open(kind)
        made.set(self._zmq.RCVTIMEO, TIMEOUT)
        made.set(self._zmq.RECONNECT_IVL, 1)
        if kind in NAMED:
            made.set(self._zmq.ROUTING_ID, name(number))
        wanted = self._zmq.EVENT_HANDSHAKE_SUCCEEDED | self._zmq.EVENT_DISCONNECTED
        where = f"inproc://monitor {next(self._marks)}"  # pyzmq's may be taken still
        made.monitor(where, wanted)
        self._monitors[number] = self._open("PAIR")
        self._monitors[number].connect(where)
        return made

    def _end(self) -> None:
        for monitor in self._monitors.values():
            monitor.close(linger=0)
        super()._end()
        self._library.close()

    def _settle(self) -> list[Entry]:
        for number, count in enumerate(self._unread):
            if count:
                assert self._sockets[number].poll(TIMEOUT), f"nothing for {number}"
        return self._look()

    # Connections.

    def _do_bind(self, number: int, place: str) -> Any:
        if place not in self._places:
            return super()._do_bind(number, place)
        joining = [n for n, where in self._ties.asked.items() if where == place]
        crowd = len(joining) > 1 and self._program.kinds[0] in IN_TURN
        if number or place in self._ties.bound or crowd:
            return SKIPPED
        self._library.bind_again(self._sockets[0], self._places[place])
        self._ties.bound.add(place)
        return self._join(joining)

    def _do_connect(self, number: int, place: str) -> Any:
        if place not in self._places:
            return super()._do_connect(number, place)
        if not number or not self._ties.may_connect(number, place):
            return SKIPPED
        self._sockets[number].connect(self._places[place])
        if number in self._ties.asked:
            return None
        immediate = bool(self._sockets[number].get(self._zmq.IMMEDIATE))
        self._ties.connect(number, place, immediate)
        return self._join([number] if place in self._ties.bound else [])

    def _do_disconnect(self, number: int, place: str) -> Any:
        sock, where = self._sockets[number], self._places.get(place, place)
        if self._ties.asked.get(number) != place:
            return sock.disconnect(where) if self._is_free(number, place) else SKIPPED
        return self._part(number, place, lambda: sock.disconnect(where))

    def _do_unbind(self, number: int, place: str) -> Any:
        sock, where = self._sockets[number], self._places.get(place, place)
        if number or place not in self._ties.bound:
            return sock.unbind(where) if self._is_free(number, place) else SKIPPED
        return self._part(0, place, lambda: sock.unbind(where))

    def _is_free(self, number: int, place: str) -> bool:
        """Whether a socket has nothing to do with a place: unbind and disconnect are
        one in libzmq."""
        mine = self._ties.asked.get(number) if number else None
        return place != mine and (number > 0 or place not in self._ties.bound)

    def _do_set(self, number: int, option: str, value: Any) -> Any:
        """While it waits for a reply, a REQ of libzmq then takes it for another's."""
        if option == "REQ_CORRELATE" and number in self._ties.awaiting:
            return SKIPPED
        return super()._do_set(number, option, value)

    def _do_renew(self, number: int) -> Any:
        """Close a socket, and make another like it."""
        found = self._part(number, None, self._sockets[number].close)
        if found != SKIPPED:
            self._monitors[number].close(linger=0)
            self._ties.forget(number)
            self._unread[number] = 0
            self._sockets[number] = self._new(number)
        return found

    def _join(self, joining: list[int]) -> Any:
        """Wait for connections, and for what was kept for them."""
        for number in joining:
            self._await(number, MADE)
            self._await(0, MADE)
        if joining:
            self._pass_by()
        kept = sum([self._ties.join(number) for number in joining])
        if self._ties.publishes:
            return self._mark()
        return self._arrive(*self._ties.arrive([0], kept))

    def _part(
        self, number: int, place: Optional[str], leave: Callable[[], None]
    ) -> Any:
        """End the connections of a socket, or those with a place, and wait for it."""
        ties = self._ties
        if not ties.may_part(number):
            return SKIPPED
        before = [self._drain(n) for n in self._every() if self._reads_first(n, number)]
        ends = [n for n in ties.peers(number) if self._is_at(n or number, place)]
        self._forget_events()
        self._sockets[number].set(self._zmq.LINGER, -1 if ends else 0)
        leave()
        if number:
            ties.leave(number)
        elif place is not None:
            ties.bound.discard(place)
        else:
            ties.bound.clear()
        for end in ends:
            self._await(end, ENDED)
        self._pass_by()
        return [before, self._notices() if ties.publishes else None]

    def _is_at(self, number: int, place: Optional[str]) -> bool:
        return place in (None, self._ties.asked[number])

    def _reads_first(self, number: int, leaving: int) -> bool:
        """Whether a socket has to read all before another leaves."""
        exclusive = self._program.kinds[number] in EXCLUSIVE
        return self._unread[number] > 0 and (number == leaving or exclusive)

    def _await(self, number: int, event: str) -> None:
        """Wait for that event of a socket.  Asks all of them for EVENTS meanwhile: in
        libzmq connections end with the help of their sockets."""
        monitor = self._monitors[number]
        until(lambda: self._happened(monitor))
        message = self._tools.recv_monitor_message(monitor)
        if message["event"].name != event:
            self._await(number, event)

    def _happened(self, monitor: Any) -> bool:
        self._look_once()
        return bool(monitor.poll(1))

    def _forget_events(self) -> None:
        for monitor in self._monitors.values():
            while monitor.poll(0):
                monitor.recv_multipart()

    def _pass_by(self) -> None:
        """Wait until the I/O thread has done what it had to do."""
        for _ in range(PASSES):
            self._look_once()
            one, other = self._open("PAIR"), self._open("PAIR")
            other.connect(self._library.bind(one, "ipc"))
            other.send(b"")
            assert one.poll(TIMEOUT)
            one.close(linger=0)
            other.close(linger=0)
        self._look()

    def _look_once(self) -> None:
        for number in self._every():
            self._attempt(("events", number))

    # Messages.

    def _do_say(self, number: int, bodies: list[Body], to: int) -> Any:
        """Send a message of the form that the socket's type wants."""
        ties, to = self._ties, min(to, len(self._sockets) - 1)
        frames = [self._make(number, body) for body in bodies]
        if not ties.may_say(number) or self._subscribes(number, frames):
            return SKIPPED
        if ties.publishes:
            self._sockets[number].send_multipart([*frames, tag(number)])
            return self._mark()
        envelope = [*ties.envelope(number, to), tag(number)]
        self._sockets[number].send_multipart([*envelope, *frames], self._zmq.DONTWAIT)
        found = self._arrive(*ties.say(number, to))
        if not number and self._program.kinds[0] == "REP":
            found += self._arrive([0], ties.next_request())
        return found

    def _subscribes(self, number: int, frames: Message) -> bool:
        """Whether an XSUB would subscribe in the middle of a message."""
        kind = self._program.kinds[number]
        return kind == "XSUB" and any(frame[:1] in (b"\0", b"\1") for frame in frames)

    def _arrive(self, receivers: list[int], count: int) -> list[Any]:
        """Wait for so many messages, and receive them if they are to be at once."""
        if self._program.place == "lazy":
            for number in receivers:
                self._unread[number] += count
            return []
        found: Found = []
        until(lambda: self._collect(receivers, count, found))
        return self._sorted(found)

    def _collect(self, receivers: list[int], count: int, found: Found) -> bool:
        for number in receivers * (len(found) < count):
            try:
                frames = self._sockets[number].recv_multipart(self._zmq.DONTWAIT)
            except self._zmq.Again:
                continue
            found.append((number, frames))
            self._ties.received(number, frames)
            return self._collect(receivers, count, found)
        return len(found) >= count

    def _sorted(self, found: Found) -> list[Any]:
        """What was received, by receivers and senders: whose comes first is chance."""
        found.sort(key=lambda one: (one[0], sender(one[1])))
        return [(n, [self._show(n, frame) for frame in frames]) for n, frames in found]

    def _patience(self, number: int) -> int:
        return 0 if self._unread[number] else super()._patience(number)

    def _do_recv(self, number: int) -> Entry:
        return self._read(number, super()._do_recv(number))

    def _do_recv_frame(self, number: int) -> Entry:
        return self._read(number, super()._do_recv_frame(number))

    def _read(self, number: int, found: Entry) -> Entry:
        """A frame was received: of one of the messages that had to come."""
        if self._unread[number] and not found[1]:
            self._unread[number] -= 1
        return found

    def _do_recv_multipart(self, number: int) -> Entry:
        found = super()._do_recv_multipart(number)
        self._read(number, (found, False))
        return found

    # Topics.

    def _do_subscribe(self, number: int, change: str, topic: bytes) -> Any:
        """Change a subscription, and wait until publishers know it."""
        if self._program.kinds[number] not in SUBSCRIBERS:
            return SKIPPED
        what = subscribe if change == "SUBSCRIBE" else unsubscribe
        what(self._sockets[number], topic)
        return self._mark()

    def _mark(self) -> list[Any]:
        """What arrives over all connections, both ways.

        Everybody subscribes to a topic of ours, and reads until what was published last
        of it.  Each topic begins with the one before, and all match what is published;
        so an XPUB hears of each.
        """
        found: Found = []
        up, publishes = self._ties.up, self._program.kinds[0] in PUBLISHERS
        first = MARK + b"%d" % next(self._marks)
        topics = [first + b"x" * number for number in self._every()]
        subscribers, publishers = (up, [0]) if publishes else ([0] * bool(up), up)
        for subscriber in subscribers:
            subscribe(self._sockets[subscriber], topics[subscriber])
            for publisher in publishers:
                self._agree(publisher, subscriber, topics, found)
        for publisher in publishers if subscribers else ():
            end = b"%s end %d" % (topics[-1], publisher)
            self._sockets[publisher].send(end)
            for subscriber in subscribers:
                self._read_to(subscriber, end, found)
        for subscriber in subscribers:
            unsubscribe(self._sockets[subscriber], topics[subscriber])
            for publisher in publishers:
                if self._program.kinds[publisher] == "XPUB":
                    self._read_to(publisher, b"\0" + topics[subscriber], found)
        return self._sorted_notices(found)

    def _agree(
        self, publisher: int, subscriber: int, topics: list[bytes], found: Found
    ) -> None:
        """Wait until a publisher knows a topic, and thus all before it."""
        pub, topic = self._sockets[publisher], topics[subscriber]
        if self._program.kinds[publisher] == "XPUB":
            self._read_to(publisher, b"\1" + topic, found)
            return
        mark = b"%s of %d for %d" % (topics[-1], publisher, subscriber)
        until(lambda: self._hears(pub, subscriber, mark, found))

    def _hears(self, pub: Any, subscriber: int, mark: bytes, found: Found) -> bool:
        """Publish a mark; whether the subscriber has received one."""
        pub.send(mark)
        sub = self._sockets[subscriber]
        while sub.poll(1):
            frames = sub.recv_multipart()
            if frames == [mark]:
                return True
            found.append((subscriber, frames))
        return False

    def _read_to(self, number: int, end: bytes, found: Found) -> None:
        while (frames := self._sockets[number].recv_multipart()) != [end]:
            found.append((number, frames))

    def _notices(self) -> list[Any]:
        """What publishers have heard of connections that ended."""
        found: Found = []
        for number in self._every():
            sock = self._sockets[number]
            while self._program.kinds[number] == "XPUB" and sock.poll(0):
                found.append((number, sock.recv_multipart()))
        return self._sorted_notices(found)

    def _sorted_notices(self, found: Found) -> list[Any]:
        """As `_sorted`; in which order notices come is chance, and no mark is one."""
        kept = [one for one in found if MARK not in one[1][0]]
        notices = sorted(one for one in kept if sender(one[1]) < 0)
        return self._sorted([*notices, *(one for one in kept if one not in notices)])
