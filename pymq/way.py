"""Ways: one direction of a proxy each, with the tap that gets a copy of what passes."""

from __future__ import annotations

from errno import EAGAIN, EALREADY, ENOBUFS, ENOTSUP
from typing import Sequence, Union

from .backend.abc import Receive, Send
from .constants import EFSM, POLLIN, POLLOUT
from .error import ZMQError, error_for
from .patterns.wrapper import Wrapper
from .socket import Socket

BURST = 1000  # messages that go one way before the other way has its turn
IDLE = (-EAGAIN, -ENOTSUP, -EFSM)  # nothing to receive, or not this socket's turn
_AT_ONCE = 128  # of a burst, with one call
_FULL_PAUSE = 50  # ms until a peer that is full is tried again, at most
_NO_FAULT = (0, -EAGAIN, -ENOBUFS, -EALREADY)  # of `Hub.move`


def check(*sockets: Union[Socket, None]) -> None:
    """TypeError if one is no `Socket`, ZMQError(ENOTSOCK) if it is closed."""
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
        check(sock)
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
            raise failure(self._sink, moved.result)
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
            if parts in IDLE:
                return []
            raise failure(self.source, parts)
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
        raise failure(sock, events)
    return events


def _send(sock: Socket, parts: list[bytes]) -> bool:
    """Send a message.  Returns whether there was room."""
    result = sock._end.send_message(parts)
    if result < 0 and result != -EAGAIN:
        raise failure(sock, result)
    return result == 0


def failure(sock: Socket, result: int) -> ZMQError:
    """Return what to raise for a negative result; raise it if the socket is closed."""
    sock._check_open()
    return error_for(-result)
