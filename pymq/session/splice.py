"""A connection that is sealed in Python, whatever the backend: GSSAPI.

The pipe's engine has one end of a socket pair, and speaks on it as if nothing were
sealed.  What it sends is sealed here, on the control thread, and sent to the peer; what
the peer sends is opened here.  In each direction no more is read than the other side
has taken, so high-water marks reach through.

The last octet that the engine has sent is left in the kernel until the peer's kernel
has everything that came of it.  An engine that drains looks at what the kernel still
holds of the socket pair; so it waits for the same as with any other connection.
"""

from __future__ import annotations

import select
import socket
from selectors import EVENT_READ, EVENT_WRITE
from typing import Callable, Union

from ..control import Control
from ..timer import Timer
from ..transports import Stream
from ..zmtp.error import ProtocolError
from ..zmtp.frame import Decoder, encode
from ..zmtp.sealing import Protection
from . import logger

READ_SIZE = 256 * 1024  # bytes
OVERHEAD = 1024  # octets that sealing may add to a frame
LINGER_AFTER = 5.0  # seconds to wait for the peer's end, as engines do
LOOK_AGAIN = 1.0  # seconds between looks whether the engine has gone
#: Flags that no engine takes: the link ends, and the peer is at fault.
_FAULT = b"\xff"


class _End:
    """One of the two sockets, and the bytes that it is to be sent.

    Nothing is read for it from the other side before it has taken all of these.
    """

    def __init__(self, sock: Stream) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.unsent = memoryview(b"")
        self.watched = 0
        self.eof = False  # nothing more will arrive
        self.shut = False  # nothing more will be sent

    def send(self) -> None:
        """Send as much as it takes now.  OSError if it will never take more."""
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except (BlockingIOError, InterruptedError):
            pass

    def shut_down(self) -> None:
        """Half-close it: nothing follows."""
        self.shut = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Splice:
    """See the module's docstring.  `near` is the descriptor for the engine."""

    def __init__(
        self,
        control: Control,
        connection: Stream,
        protection: Protection,
        max_size: int,
        leftover: bytes,
    ) -> None:
        self.near, far = socket.socketpair()
        self.near.setblocking(False)
        self._control = control
        self._protection = protection
        self._peer, self._engine = _End(connection), _End(far)
        self._held_back = False  # the engine's last octet was read, but left there
        self._said = Decoder()
        limit = -1 if max_size < 0 else max_size + OVERHEAD
        self._heard = Decoder(limit)
        self._timer: Union[Timer, None] = None
        control.splices.add(self)
        self._hear(leftover)
        self._turn()

    def close(self) -> None:
        """Close both sockets.  May be called again."""
        self._control.splices.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        for end in (self._peer, self._engine):
            if end.watched:
                end.watched = 0
                self._control.unwatch(end.socket.fileno())
            end.socket.close()

    def _turn(self) -> None:
        """Send what can be sent, then watch for what is wanted next."""
        self._send(self._engine)
        self._send(self._peer)
        if not self._peer.unsent and self._held_back:
            self._held_back = False
            self._take(1)
        self._pass_on(self._peer, self._engine)
        self._pass_on(self._engine, self._peer)
        if self._peer.eof and self._engine.eof and not self._peer.unsent:
            self.close()
            return
        if self._peer.unsent and self._timer is None:
            self._timer = self._control.later(LOOK_AGAIN, self._look)
        self._watch(self._peer, self._engine, self._peer_ready)
        self._watch(self._engine, self._peer, self._engine_ready)

    def _look(self) -> None:
        """An engine that has gone without waiting for this has given up."""
        self._timer = None
        if self._peer.unsent and _hung_up(self._engine.socket):
            self.close()
        else:
            self._turn()

    def _send(self, end: _End) -> None:
        try:
            end.send()
        except OSError:
            end.unsent = memoryview(b"")
            end.shut = True

    def _pass_on(self, of: _End, to: _End) -> None:
        """Pass on the end of one direction."""
        if not of.eof or to.unsent or to.shut:
            return
        to.shut_down()
        if of is self._engine and not self._peer.eof:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._control.later(LINGER_AFTER, self.close)

    def _watch(self, end: _End, other: _End, call: Callable[[], None]) -> None:
        reading = not (end.eof or other.unsent)
        wanted = EVENT_READ * reading | EVENT_WRITE * bool(end.unsent)
        if wanted == end.watched:
            return
        end.watched = wanted
        if wanted:
            self._control.watch(end.socket.fileno(), wanted, call)
        else:
            self._control.unwatch(end.socket.fileno())

    def _peer_ready(self) -> None:
        if not (self._peer.eof or self._engine.unsent):
            data = _read(self._peer)
            if data is not None:
                self._hear(data)
        self._turn()

    def _hear(self, data: bytes) -> None:
        """Open what the peer sends, for the engine, which may want nothing any more."""
        opened = []
        try:
            for _, body in self._heard.feed(data):  # the outer flags are not protected
                flags, plain = self._protection.open(body)
                opened.append(encode(plain, flags))
            if self._heard.error is not None:
                raise self._heard.error
        except ProtocolError as error:
            logger.info("a protected connection ends: %s", error.reason)
            opened.append(_FAULT)
            self._peer.eof = True
        if not self._engine.shut:
            self._engine.unsent = memoryview(b"".join(opened))

    def _engine_ready(self) -> None:
        if not (self._engine.eof or self._peer.unsent):
            data = _read(self._engine, socket.MSG_PEEK)
            if data:
                self._say(data)
        self._turn()

    def _say(self, data: bytes) -> None:
        frames = self._said.feed(data)
        try:
            sealed = b"".join(self._protection.seal(*frame) for frame in frames)
        except ProtocolError as error:  # it has expired: a new connection gets another
            logger.info("a protected connection ends: %s", error.reason)
            self._peer.eof = self._engine.eof = True
            return
        if not self._peer.shut:
            self._peer.unsent = memoryview(sealed)
        self._held_back = bool(self._peer.unsent)
        self._take(len(data) - self._held_back)

    def _take(self, size: int) -> None:
        """Remove bytes from the kernel that were only looked at."""
        try:
            while size:
                size -= len(self._engine.socket.recv(size)) or size
        except OSError:
            self._engine.eof = True


def _hung_up(sock: Stream) -> bool:
    """Whether the other end of a pair is closed, not only half-closed."""
    poll = select.poll()
    poll.register(sock, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def _read(end: _End, flags: int = 0) -> Union[bytes, None]:
    """Return what has arrived; None if nothing has, or nothing will."""
    try:
        data = end.socket.recv(READ_SIZE, flags)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        data = b""
    end.eof = not data
    return data or None
