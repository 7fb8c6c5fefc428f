"""A connected endpoint: one pipe, and the connection that serves it now."""

from __future__ import annotations

import errno
import selectors
import socket
import threading
from typing import Any, Mapping, Union

from .. import constants as _C
from .. import transports
from ..backend.abc import Pipe
from ..endpoint import Endpoint
from ..error import AuthenticationError, HandshakeError, ZMQError, error_for
from ..meeting import Meeting
from ..timer import Timer
from ..transports import NotOpened, Stream, Target, addresses
from ..zmtp.handshake import Failed, Ready, Result
from . import log_down, logger, security
from .backoff import Backoff
from .greeter import Greeter
from .lingering import Lingering
from .raw import RawGreeter
from .side import Side
from .tunnel import Tunnel

#: A peer that broke the protocol will do it again: libzmq does not reconnect either.
FATAL = (errno.EPROTO, errno.EMSGSIZE)
DENIALS = (
    _C.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
    _C.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
)
HURRY = 2.0  # seconds for an address that does not answer, if there are others


class Connecter:
    """A connected endpoint: one pipe, and the connection that serves it now."""

    keeps_input = False
    has_address = False

    def __init__(self, side: Side, endpoint: Endpoint) -> None:
        self.endpoint = str(endpoint)
        self._side = side
        self._address = endpoint.address
        self._transport = transports.get(endpoint.scheme)
        self._transport.check(endpoint.address)
        self._proxy = _proxy(endpoint.scheme, side.options)
        if self._proxy:
            self._address = addresses.through(self._address, self._proxy)
        self._destination = endpoint.address
        self._immediate = bool(side.options[_C.IMMEDIATE])
        self._pipe: Union[Pipe, None] = None
        if not self._immediate:
            self._pipe = side.hub.open(side.conflates)
        if self._pipe is not None:
            side.control.owners[self._pipe.id] = self
        self._first_name = side.options[_C.CONNECT_ROUTING_ID]
        self._named = self._name_first(self._first_name)
        self._lingering = Lingering(side, self.endpoint)
        self._targets: list[Target] = []
        self._opening: Union[Stream, None] = None
        self._greeter: Union[Greeter, None] = None
        self._tunnel: Union[Tunnel, None] = None
        self._timer: Union[Timer, None] = None
        self._backoff = Backoff(side.options)
        self.meeting = Meeting()
        self._watched = False  # the descriptor that is opening
        self._refused = False  # one of the addresses has refused
        self._fd = -1  # the connection's descriptor, for the monitor
        self.over = False  # closed, or never to be tried again

    @property
    def exposed(self) -> bool:
        """Whether anybody on a network may be the peer."""
        return security.exposed(self._side, self.endpoint)

    def _report(self, event: int, value: int) -> None:
        self._side.monitor.report(event, value, self.endpoint)

    def _name_first(self, routing_id: bytes) -> bool:
        """CONNECT_ROUTING_ID: the peer has its name before it is connected."""
        if self._pipe is None or not (routing_id or self._side.raw):
            return False
        if self._side.raw:
            named = self._side.claim(self._pipe, routing_id)
        else:
            named = self._pipe.name(routing_id) >= 0
        if not named:
            self._forget_pipe()
            raise error_for(errno.EADDRINUSE, f"routing id {routing_id!r} is taken")
        return True

    def start(self) -> None:
        """Begin the first attempt to connect."""
        self._timer = None
        if self.over:
            return
        if self._transport.needs_resolver(self._address):
            threading.Thread(
                target=self._resolve_aside, name="pymq-resolver", daemon=True
            ).start()
        else:
            self._resolved(self._resolve())

    def _resolve(self) -> list[Target]:
        try:
            return self._transport.resolve(self._address, self._side.options)
        except (OSError, ValueError, ZMQError) as error:
            logger.info("%s: %s", self.endpoint, error)
            return []

    def _resolve_aside(self) -> None:
        """Resolve the name on another thread: a slow name server must delay nobody."""
        targets = self._resolve()
        self._side.control.call(lambda: self._resolved(targets))

    def _resolved(self, targets: list[Target]) -> None:
        if not self.over:
            self._targets = targets
            self._refused = False
            self._open_next()

    def _open_next(self) -> None:
        self._open()
        if self._opening is None:
            self._retry(_C.RECONNECT_STOP_CONN_REFUSED if self._refused else 0)
        else:
            self._opened()

    def _open(self) -> None:
        while self._targets and self._opening is None:
            target = self._targets.pop(0)
            try:
                self._opening = self._transport.open(target, self._side.options)
            except NotOpened as error:
                self._report(_C.EVENT_CLOSED, error.fd)
                self._failed(error.errno)
            except OSError as error:
                self._failed(error.errno)
            else:
                if target.family != socket.AF_UNIX:  # those connect at once
                    self._report(_C.EVENT_CONNECT_DELAYED, errno.EINPROGRESS)

    def _failed(self, error: Union[int, None]) -> None:
        """The address could not be resolved."""
        self._refused |= error == errno.ECONNREFUSED
        logger.debug("%s: %s", self.endpoint, errno.errorcode.get(error or 0))

    def _opened(self) -> None:
        """See whether it is connected; within one machine that is known at once."""
        if self._opening is None:
            return
        error = _error(self._opening)
        if error == 0 and self._proxy:
            self._dig(self._unwatch())
        elif error == 0:
            self._greet(self._unwatch())
        elif error is None and not self._watched:
            self._watch(self._opening)
        else:
            self._failed(error)
            self._close_opening()
            self._open_next()

    def _watch(self, connection: Stream) -> None:
        self._watched = True
        control, fd = self._side.control, connection.fileno()
        control.watch(fd, selectors.EVENT_WRITE, self._opened)
        patience = self._side.options[_C.CONNECT_TIMEOUT] / 1000  # 0: none
        if not patience and self._targets:
            patience = HURRY
        if patience:
            self._timer = control.later(patience, self._too_slow)

    def _too_slow(self) -> None:
        """CONNECT_TIMEOUT is over, or another address may be better."""
        self._close_opening()
        self._open_next()

    def _unwatch(self) -> Stream:
        """Stop watching the descriptor that was opening, and return it."""
        connection, self._opening = self._opening, None
        assert connection is not None
        if self._watched:
            self._watched = False
            self._side.control.unwatch(connection.fileno())
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        return connection

    def _close_opening(self) -> None:
        if self._opening is not None:
            connection = self._unwatch()
            fd = connection.fileno()
            connection.close()
            self._report(_C.EVENT_CLOSED, fd)

    def _dig(self, connection: Stream) -> None:
        """Ask the SOCKS proxy for the destination."""
        self._transport.tune(connection, self._side.options)
        self._tunnel = Tunnel(self._side, connection, self._destination, self._dug)
        self._tunnel.start()

    def _dug(self, through: bool) -> None:
        tunnel = self._tunnel
        assert tunnel is not None
        if through:
            self._tunnel = None
            self._greet(tunnel.socket)
        else:
            self._close_tunnel()
            self._retry()

    def _close_tunnel(self) -> None:
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            fd = tunnel.socket.fileno()
            tunnel.close()
            self._report(_C.EVENT_CLOSED, fd)

    def _greet(self, connection: Stream) -> None:
        self._backoff.met()
        self._fd = connection.fileno()
        self._report(_C.EVENT_CONNECTED, self._fd)
        self._transport.tune(connection, self._side.options)
        make = RawGreeter if self._side.raw else Greeter
        self._greeter = make(self._side, connection, self.endpoint, self._greeted)
        self._greeter.speak()

    def _greeted(self, greeter: Greeter, result: Result) -> None:
        self._greeter = None
        if isinstance(result, Ready) and self._attach(greeter, result):
            self.meeting.tell(True)
            return
        greeter.close()
        if isinstance(result, Failed):
            self.meeting.tell(False, self._fault(result))
        if isinstance(result, Failed) and result.fatal:
            self._give_up()
        else:
            failed = isinstance(result, Failed)
            self._retry(_C.RECONNECT_STOP_HANDSHAKE_FAILED if failed else 0)

    def _fault(self, failed: Failed) -> Union[HandshakeError, None]:
        """Return the error for a `connect` that waits; None if another attempt may
        succeed."""
        plain = self._side.options[_C.MECHANISM] == _C.NULL
        broken_off = not failed.code and not plain
        reason = f"{failed.reason}; addr={self.endpoint!r}"
        if failed.status or broken_off or failed.code in DENIALS:
            return AuthenticationError(reason, failed.status, failed.code)
        if failed.code:
            return HandshakeError(reason, 0, failed.code)
        return None

    def _attach(self, greeter: Greeter, ready: Ready) -> bool:
        if self._pipe is None:
            self._pipe = self._side.hub.open(self._side.conflates)
            if self._pipe is None:
                greeter.refuse("refused a second peer")
                return False
            self._side.control.owners[self._pipe.id] = self
        if not self._named:
            routing_id = self._first_name or ready.identity
            self._named = self._side.claim(self._pipe, routing_id)
        if not self._named:
            greeter.refuse(f"{ready.identity!r} is taken")
            return False
        self._backoff.attached()
        return greeter.attach(self._pipe, ready)

    def _retry(self, cause: int = 0) -> None:
        """Try again later, unless RECONNECT_STOP forbids it (`ReconnectStop`)."""
        if cause & self._side.options[_C.RECONNECT_STOP]:
            self._give_up()
            return
        delay = self._backoff.wait()
        if delay is None:
            self._give_up()
        else:
            self._timer = self._side.control.later(delay, self.start)
            self._report(_C.EVENT_CONNECT_RETRIED, round(delay * 1000))

    def _give_up(self) -> None:
        """Never try again; what is queued can go nowhere."""
        self.over = True
        self.meeting.tell(False, self.meeting.failed)
        logger.info("%s: not trying again", self.endpoint)
        if self._pipe is None:
            return
        if self._pipe.id in self._lingering:
            self._lingering.drop(self._pipe.id)
        else:
            self._forget_pipe()

    def _forget_pipe(self) -> None:
        pipe, self._pipe = self._pipe, None
        self._named = False
        if pipe is not None:
            self._side.control.owners.pop(pipe.id, None)
            self._side.connections.end(pipe.id)
            pipe.close(False, keep_input=True)

    def link_down(self, pipe: int, error: int) -> None:
        """The connection is gone: try again, unless the peer broke the protocol."""
        log_down(self.endpoint, error)
        self.meeting.tell(False)
        self._report(_C.EVENT_DISCONNECTED, self._fd)
        if self._pipe is None:
            return
        if pipe in self._lingering and self._pipe.close(True):
            self._lingering.done(pipe)
        elif error in FATAL:
            self._give_up()
        else:
            if self._immediate and pipe not in self._lingering:
                self._forget_pipe()
            self._retry()

    def displaced(self, pipe: int) -> None:
        """Another peer has taken its name: start again with a new pipe."""
        if pipe not in self._lingering:
            self.meeting.tell(False)
            self._report(_C.EVENT_DISCONNECTED, self._fd)
            self._forget_pipe()
            self._retry()

    def hang_up(self, pipe: int) -> None:
        """The user ends this connection and wants no other."""
        if self._pipe is not None and pipe not in self._lingering:
            self._lingering.close(self._pipe, -1, False)

    def pipe_closed(self, pipe: int) -> None:
        """Everything was sent, or given up."""
        if pipe in self._lingering:
            self._lingering.done(pipe)

    def ended(self, pipe: int) -> None:
        """Whether it is closed and has nothing left to do."""
        self._side.connections.end(pipe)
        self._stop()

    def close(self, linger: int, keep_input: bool) -> None:
        """Disconnect.  While messages linger it goes on trying to connect."""
        if self._pipe is None or self.over:
            self._stop()
            self._forget_pipe()
        else:
            self._lingering.close(self._pipe, linger, keep_input)

    def _stop(self) -> None:
        """End the connection, or the attempts to make one."""
        self.over = True
        self.meeting.tell(False)
        if self._timer is not None:
            self._timer.cancel()
        if self._opening is not None:
            self._close_opening()
        if self._greeter is not None:
            self._greeter.close()
            self._greeter = None
        if self._tunnel is not None:
            self._close_tunnel()


def _proxy(scheme: str, options: Mapping[int, Any]) -> str:
    """Return SOCKS_PROXY, which is for tcp only; "" if there is none.

    ZMQError(EINVAL) if it is no address.  (libzmq does not tell, and tries for ever.)
    """
    if scheme != "tcp" or not options[_C.SOCKS_PROXY]:
        return ""
    proxy: str = options[_C.SOCKS_PROXY].decode("ascii", "replace")
    proxy = proxy.rstrip("\0")
    if proxy and (";" in proxy or not addresses.is_connectable(proxy)):
        raise error_for(errno.EINVAL, f"SOCKS_PROXY={proxy!r}")
    return proxy


def _error(connection: Stream) -> Union[int, None]:
    """Return why a connection failed, 0 if it is established, None if not known yet.

    The system tells the error only once.  On loopback TCP may have connected an
    ephemeral port to itself; that is not a connection.
    """
    if connection.family == socket.AF_UNIX:
        return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        peer = connection.getpeername()
    except OSError as failed:
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return error or (None if failed.errno == errno.ENOTCONN else failed.errno)
    return errno.ECONNREFUSED if connection.getsockname() == peer else 0
