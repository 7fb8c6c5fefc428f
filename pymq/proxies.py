"""Proxies: pass whole messages from one socket to another, both ways (zmq_proxy)."""

from __future__ import annotations

import sys
from errno import EAGAIN, EALREADY, ENOBUFS, ENOTSUP
from typing import Any, Sequence, Union

from .backend.abc import Receive, Send
from .constants import EFSM, POLLIN, POLLOUT, SocketType
from .error import ZMQError, error_for
from .patterns.wrapper import Wrapper
from .poller import Waiter
from .socket import Socket

BURST = 1000  # messages that go one way before the other way has its turn
_AT_ONCE = 128  # of these, with one call
_FULL_PAUSE = 50  # ms until a peer that is full is tried again, at most
_NO_FAULT = (0, -EAGAIN, -ENOBUFS, -EALREADY)  # of `Hub.move`
_IDLE = (-EAGAIN, -ENOTSUP, -EFSM)  # nothing to receive, or not this socket's turn


def _check(*sockets: Union[Socket, None]) -> None:
    for sock in sockets:
        if not isinstance(sock, Socket):
            raise TypeError(f"expected a Socket, got: {sock!r}")
        sock._check_open()


class Tap:
    """Sends a copy of each message to a socket, behind the frames of `prefix`.

    If that socket is full the proxy waits, as in libzmq, so no copy is lost.  A PUB is
    never full.
    """

    def __init__(self, sock: Socket, prefix: Sequence[bytes] = ()) -> None:
        _check(sock)
        if sock._pattern.routing.send is Send.NONE:
            raise error_for(ENOTSUP)
        self.socket = sock
        self._prefix = list(prefix)

    def take(self, parts: list[bytes]) -> None:
        """Send a copy.  The caller has checked that there is room."""
        _send(self.socket, self._prefix + parts)


class Way:
    """One direction of a proxy.

    It receives only what it has room for, so a slow peer slows down its senders.  Where
    both sockets are plain hubs, the hubs pass messages to each other; otherwise they
    are received and sent here, one by one.
    """

    def __init__(
        self, source: Socket, sink: Socket, tap: Union[Tap, None], swaps: bool = False
    ) -> None:
        self.parts = self.octets = 0  # that went this way
        self.source = source
        self._sink = sink
        self._tap = tap
        self._swaps = swaps  # the first two frames: from ROUTER to ROUTER
        self._open = sink is source or _never_full(sink)
        self._never = not _receives(source) or not _sends(sink)
        self.by_hand = tap is not None or swaps or not _plain(source, sink)
        self._refused = False  # the next message, by its own peer that is full
        self._held: list[bytes] = []  # a message for such a peer

    def move(self) -> bool:
        """Move messages, up to a burst.  Returns whether there were any."""
        count = moved = 0 if self._never else self._move_some(BURST)
        while moved and count < BURST:
            moved = self._move_some(BURST - count)
            count += moved
        return count > 0

    def _move_some(self, most: int) -> int:
        """Move at most `most` messages.  Returns how many."""
        if self.by_hand or self._held:
            return int(self._move_one())
        moved = self.source._hub.move(self._sink._hub, min(most, _AT_ONCE))
        self.source._changed()
        self.parts += moved.frames
        self.octets += moved.bytes
        self._refused = self._open and moved.result == -ENOBUFS
        if moved.result not in _NO_FAULT:
            self.source._check_open()
            raise _failure(self._sink, moved.result)
        if moved.result == -EALREADY and not moved.messages:
            return int(self._move_one())
        return int(moved.messages)

    def _move_one(self) -> bool:
        if not self._held:
            if self._full() is not None:
                return False
            self._held = self._receive()
            if not self._held:
                return False
        if not _send(self._sink, self._held):
            return False
        self.parts += len(self._held)
        self.octets += sum(map(len, self._held))
        self._held = []
        return True

    def _full(self) -> Union[Socket, None]:
        """Return the socket that has no room, or None.

        If a socket answers itself it may have room only after it has received: REP.
        """
        if not (self._open or _ready(self._sink) & POLLOUT):
            return self._sink
        if self._tap is not None and not _ready(self._tap.socket) & POLLOUT:
            return self._tap.socket
        return None

    def _receive(self) -> list[bytes]:
        """Return the next message, [] if there is none."""
        parts = self.source._end.recv_message()
        if isinstance(parts, int):
            if parts in _IDLE:
                return []
            raise _failure(self.source, parts)
        if self._swaps and len(parts) > 1:
            parts[:2] = parts[1], parts[0]
        if self._tap is not None:
            self._tap.take(parts)
        return parts

    def waits_for(self) -> tuple[Socket, int]:
        """Return what this way waits for: a socket and its events."""
        if self._never:
            return self.source, 0
        if self._held or self._refused:
            # Only the hub can wait for this one peer; poll says that others have room.
            self._sink._hub.wait(POLLOUT, _FULL_PAUSE)
            return self._sink, POLLOUT
        full = self._full()
        return (self.source, POLLIN) if full is None else (full, POLLOUT)


class Proxy:
    """Two ways, or one if a socket talks to itself, and the control socket."""

    def __init__(self, ways: Sequence[Way], control: Union[Socket, None]) -> None:
        self._ways = ways
        self._control = control
        self._paused = self._ended = False
        self._waiter: Union[Waiter, None] = None  # the last, with bells hung up ...
        self._awaited: list[tuple[Any, int]] = []  # ... for these

    def run(self) -> None:
        """Pass messages on until the control socket says TERMINATE."""
        hubs = [way.source._hub for way in self._ways if not way.by_hand]
        looked = [hub.looks_ahead for hub in hubs]
        try:
            for hub in hubs:
                hub.looks_ahead = False  # what is ahead has to be moved by hand
            self._run()
        finally:
            self._wait_for([])
            for hub, looks in zip(hubs, looked):
                hub.looks_ahead = looks

    def _run(self) -> None:
        while True:
            if self._control is not None:
                self._obey(self._control)
            if self._ended:
                return
            moved = [] if self._paused else [way.move() for way in self._ways]
            if not any(moved):
                self._wait()

    def _wait(self) -> None:
        wanted: dict[Any, int] = {way.source: 0 for way in self._ways}
        if self._control is not None:
            wanted[self._control] = int(POLLIN)
        if not self._paused:
            for sock, events in (way.waits_for() for way in self._ways):
                wanted[sock] = wanted.get(sock, 0) | events
        self._wait_for(list(wanted.items()))

    def _wait_for(self, wanted: list[tuple[Any, int]]) -> None:
        """Wait for sockets and events; [] ends the waiting for good.

        Mostly they are the same as before, so the bells are kept: to make and remove
        them costs more than to pass on some ten messages.
        """
        if wanted != self._awaited and self._waiter is not None:
            self._waiter.__exit__()
            self._waiter = None
        if wanted:
            self._waiter = self._waiter or Waiter(wanted, bells=True)
            self._awaited = wanted
            self._waiter.wait()

    def _obey(self, control: Socket) -> None:
        while not self._ended:
            parts = control._end.recv_message()
            if isinstance(parts, int):
                if parts in _IDLE:
                    return
                raise _failure(control, parts)
            self._answer(control, parts)

    def _answer(self, control: Socket, parts: list[bytes]) -> None:
        """Obey a command.  A REP always gets an answer, even to what is no command."""
        command = parts[0] if len(parts) == 1 else b""
        if command == b"PAUSE":
            self._paused = True
        elif command == b"RESUME":
            self._paused = False
        elif command == b"TERMINATE":
            self._ended = True
        if command == b"STATISTICS":
            control._end.send_message(self._statistics())
        elif control.type == SocketType.REP:
            control._end.send_message([b""])

    def _statistics(self) -> list[bytes]:
        """Frames and bytes: received and sent by the frontend, then by the backend."""
        there, back = self._ways[0], self._ways[-1]
        return [
            number.to_bytes(8, sys.byteorder)
            for way in (there, back, back, there)
            for number in (way.parts, way.octets)
        ]


def _receives(sock: Socket) -> bool:
    return sock._pattern.routing.receive not in (Receive.NONE, Receive.TOPICS)


def _sends(sock: Socket) -> bool:
    return sock._pattern.routing.send is not Send.NONE


def _plain(source: Socket, sink: Socket) -> bool:
    """Whether messages may pass from hub to hub: the sockets add nothing to them."""
    turns = source._pattern.routing.turns or sink._pattern.routing.turns
    as_received = source._end is source._hub or isinstance(source._end, Wrapper)
    alike = type(source._hub) is type(sink._hub)
    return alike and as_received and not turns and sink._end is sink._hub


def _never_full(sock: Socket) -> bool:
    """Whether POLLOUT is always true, so that it need not be asked for."""
    routing = sock._pattern.routing
    plain = sock._end is sock._hub and not routing.turns
    return plain and routing.send in (Send.TO_ALL, Send.BY_NAME)


def _ready(sock: Socket) -> int:
    events = sock._end.ready()
    if events < 0:
        raise _failure(sock, events)
    return events


def _send(sock: Socket, parts: list[bytes]) -> bool:
    """Send a message.  Returns whether there was room."""
    result = sock._end.send_message(parts)
    if result < 0 and result != -EAGAIN:
        raise _failure(sock, result)
    return result == 0


def _failure(sock: Socket, result: int) -> ZMQError:
    sock._check_open()
    return error_for(-result)


def proxy(
    frontend: Socket, backend: Socket, capture: Union[Socket, None] = None
) -> int:
    """Pass messages between two sockets, until the context ends (zmq_proxy).

    Messages go both ways.  A copy of each goes to `capture`.  It does not return; it
    raises ContextTerminated when the context is terminated, ZMQError(ENOTSOCK) when a
    socket is closed, and whatever else sending raises, such as EHOSTUNREACH with
    ROUTER_MANDATORY.

    TypeError if an argument is no `Socket`.
    """
    return proxy_steerable(frontend, backend, capture)


def proxy_steerable(
    frontend: Socket,
    backend: Socket,
    capture: Union[Socket, None] = None,
    control: Union[Socket, None] = None,
) -> int:
    """A `proxy` that a fourth socket controls (zmq_proxy_steerable).

    `control` is a REP, PAIR, PULL or SUB that receives commands of one frame.  PAUSE
    stops the traffic and RESUME continues it.  TERMINATE makes this call return 0.
    STATISTICS is answered with eight frames, numbers of 64 bits in the machine's byte
    order: frames and bytes that the frontend has received, frames and bytes that it has
    sent, and the same for the backend.  A REP answers everything else with an empty
    frame.
    """
    _check(frontend, backend, *([] if control is None else [control]))
    tap = None if capture is None else Tap(capture)
    ways = [Way(frontend, backend, tap)]
    if frontend is not backend:
        ways.append(Way(backend, frontend, tap))
    Proxy(ways, control).run()
    return 0


def device(device_type: int, frontend: Socket, backend: Socket) -> int:
    """The old name of `proxy`.  `device_type` has no effect."""
    return proxy(frontend, backend)


def monitored_queue(
    in_socket: Socket,
    out_socket: Socket,
    mon_socket: Socket,
    in_prefix: bytes = b"in",
    out_prefix: bytes = b"out",
) -> int:
    """A `proxy` that sends each message to `mon_socket` too, with its direction.

    The first frame of a copy is `in_prefix` if `in_socket` has received the message,
    `out_prefix` if `out_socket` has.  If both are ROUTER, the first two frames of each
    message are exchanged, so that their peers can address each other in the first
    frame.

    TypeError if a prefix is not bytes.
    """
    _check(in_socket, out_socket)
    for prefix in (in_prefix, out_prefix):
        if not isinstance(prefix, bytes):
            raise TypeError(f"a prefix is bytes, not {prefix!r}")
    swaps = in_socket.type == out_socket.type == SocketType.ROUTER
    ways = [Way(in_socket, out_socket, Tap(mon_socket, [in_prefix]), swaps)]
    if in_socket is not out_socket:
        ways.append(Way(out_socket, in_socket, Tap(mon_socket, [out_prefix]), swaps))
    Proxy(ways, None).run()
    return 0
