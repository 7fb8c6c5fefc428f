"""Sockets: pyzmq's API over a hub, a pattern and the endpoints' sessions."""

from __future__ import annotations

import os
import time
import warnings
from errno import (
    EACCES,
    EADDRINUSE,
    EAGAIN,
    EINTR,
    EINVAL,
    ENOENT,
    ENOTSOCK,
    ENOTSUP,
)
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Sequence, Union

from . import endpoint as endpoints
from . import options as table
from . import patterns
from .attributes import Attributes
from .constants import (
    DONTWAIT,
    EMTHREAD,
    ETERM,
    POLLIN,
    POLLOUT,
    SNDMORE,
    ContextOption,
    SocketOption,
    SocketType,
)
from .error import Again, ZMQBindError, ZMQError, error_for
from .message import _FINISHED_TRACKER, Frame, MessageTracker
from .payload import Payloads

if TYPE_CHECKING:
    from .context import Context
    from .control import Control
    from .session import Session, Side

_SNDMORE = int(SNDMORE)
_DONTWAIT = int(DONTWAIT)
_O = SocketOption


class _Undo:
    """What bind and connect return: a context manager that takes them back."""

    def __init__(self, undo: Any, endpoint: str) -> None:
        self._undo = undo
        self._endpoint = endpoint

    def __enter__(self) -> _Undo:
        return self

    def __exit__(self, *args: object) -> None:
        self._undo(self._endpoint)


class Socket(Payloads, Attributes):
    """A socket of `context` (zmq_socket).

    Every call on a closed socket raises ZMQError(ENOTSOCK); every call after the
    context was terminated ContextTerminated.
    """

    copy_threshold: int = 65536
    context: Context
    _closed: bool = True  # until everything is there
    _type: SocketType
    _options: dict[int, Any]
    _hub: Any
    _end: patterns.End
    _send: Any
    _recv: Any
    _sessions: dict[str, list[Session]]
    _pattern: patterns.Pattern
    _pid: int

    def __init__(
        self,
        context: Context,
        socket_type: int,
        copy_threshold: Union[int, None] = None,
        **options: Any,
    ) -> None:
        self._pattern = patterns.get(socket_type)
        self.context = context
        self._pid = os.getpid()
        self._type = SocketType(socket_type)
        if copy_threshold is not None:
            self.copy_threshold = copy_threshold
        self._options = table.defaults()
        self._options[_O.LINGER] = self._pattern.linger
        self._hub = context._backend.hub(context._loop, self._pattern.routing)
        self._end = self._pattern.wrap(self._hub)
        self._send = self._end.send
        self._recv = self._end.recv
        self._sessions = {}
        context._adopt(self)
        self._closed = False
        for name, value in options.items():
            setattr(self, name, value)

    # Life.

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self, linger: Union[int, None] = None) -> None:
        """Close (zmq_close).  Does not wait: what is queued is sent in the
        background for at most LINGER ms, or `linger` if given; bound addresses are
        free at once.  Blocked calls in other threads raise ENOTSOCK."""
        if self._closed:
            return
        self._closed = True
        if self._pid == os.getpid():
            self.context._sockets.discard(self)
            self._hub.stop(ENOTSOCK)
            self.context._control.run(self._ending(linger))

    def _ending(self, linger: Union[int, None]) -> Callable[[], None]:
        """What closes the socket; it must not need the socket any more."""
        sessions = [s for group in self._sessions.values() for s in group]
        if linger is None:
            linger = self._options[_O.LINGER]
        return partial(_end, self._hub, sessions, linger, self.context._control)

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._closed:
            warnings.warn(f"Unclosed socket {self}", ResourceWarning, stacklevel=2)
            self._closed = True
            if self._pid == os.getpid():
                # The collector may run anywhere, also where a lock is held.
                self.context._control.run_later(self._ending(None))

    def __copy__(self, memo: object = None) -> Socket:
        raise TypeError("a socket cannot be copied")

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        state = " closed" if self._closed else ""
        kind = f"zmq.{self._type.name}"
        return f"<zmq.{type(self).__name__}({kind}) at {hex(id(self))}{state}>"

    def _check_open(self) -> None:
        if self._closed:
            raise error_for(ENOTSOCK)
        if self.context._terminating:
            raise error_for(ETERM)

    # Endpoints.

    def bind(self, addr: Union[str, bytes]) -> _Undo:
        """Accept connections at an endpoint (zmq_bind).

        ZMQError: EINVAL or EPROTONOSUPPORT for a bad endpoint, EADDRINUSE,
        EADDRNOTAVAIL, ENODEV, ENOENT or ENAMETOOLONG as the system has it.
        """
        self._open_endpoint(addr, self._bind)
        return _Undo(self.unbind, self._last_endpoint())

    def connect(self, addr: Union[str, bytes]) -> _Undo:
        """Connect to an endpoint, now or when it comes to be (zmq_connect).

        ZMQError: EINVAL or EPROTONOSUPPORT for a bad endpoint.
        """
        self._open_endpoint(addr, self._connect)
        return _Undo(self.disconnect, self._last_endpoint())

    def _open_endpoint(self, addr: Union[str, bytes], opener: Any) -> None:
        self._check_open()
        text = _text(addr)
        try:
            session = opener(endpoints.parse(text))
        except ZMQError as error:
            error.strerror += f" (addr={text!r})"
            raise
        self._options[_O.LAST_ENDPOINT] = session.endpoint.encode()
        self._sessions.setdefault(session.endpoint, []).append(session)

    def _side(self) -> Side:
        from .session import Side

        context = self.context
        control, now = context._control, self._options
        return Side(control, self._hub, self._pattern, dict(now), now)

    def _bind(self, endpoint: endpoints.Endpoint) -> Session:
        if endpoint.scheme == "inproc":
            return self.context._registry.bind(endpoint.address, self._side())
        from .session.listener import Listener  # `import pymq` should cost little

        self._start_control()
        return self._start(Listener(self._side(), endpoint))

    def _connect(self, endpoint: endpoints.Endpoint) -> Session:
        try:
            return self._connect_to(endpoint)
        finally:
            self._options[_O.CONNECT_ROUTING_ID] = b""  # it names one connection

    def _connect_to(self, endpoint: endpoints.Endpoint) -> Session:
        if endpoint.scheme == "inproc":
            return self.context._registry.connect(endpoint.address, self._side())
        known = self._sessions.setdefault(str(endpoint), [])
        known[:] = [session for session in known if not session.over]
        if known and self._pattern.once:
            return known.pop()
        from .session.connecter import Connecter

        self._start_control()
        return self._start(Connecter(self._side(), endpoint))

    def _start_control(self) -> None:
        if not self.context.get(ContextOption.IO_THREADS):
            raise error_for(EMTHREAD)
        self.context._control.start()

    def _start(self, session: Any) -> Session:
        self.context._control.call(session.start)
        return session  # type: ignore[no-any-return]

    def unbind(self, addr: Union[str, bytes]) -> None:
        """Stop accepting at an endpoint, and end its connections (zmq_unbind).

        Wildcards are not endpoints: use LAST_ENDPOINT.  ZMQError(ENOENT).
        """
        self._close_endpoint(addr)

    def disconnect(self, addr: Union[str, bytes]) -> None:
        """End a connection (zmq_disconnect); what is queued is sent within LINGER.

        What arrived and was not received is gone.  ZMQError(ENOENT).
        """
        self._close_endpoint(addr)

    def _close_endpoint(self, addr: Union[str, bytes]) -> None:
        self._check_open()
        text = _text(addr)
        endpoint = endpoints.parse(text)
        if endpoint.scheme != "inproc" and text not in self._sessions:
            text = self._find_same(endpoint)
        for session in self._sessions.pop(text, ()) or _raise(ENOENT, text):
            linger = self._options[_O.LINGER]
            end = partial(session.close, linger, session.keeps_input)
            self.context._control.run(end)

    def _find_same(self, endpoint: endpoints.Endpoint) -> str:
        from . import transports

        transport = transports.get(endpoint.scheme)
        for known in self._sessions:
            scheme, _, address = known.partition("://")
            same_scheme = scheme == endpoint.scheme
            if same_scheme and transport.same(address, endpoint.address):
                return known
        return str(endpoint)

    def bind_to_random_port(
        self,
        addr: str,
        min_port: int = 49152,
        max_port: int = 65536,
        max_tries: int = 100,
    ) -> int:
        """Bind to ``addr:port`` with a free port and return it.

        With the default range the system chooses.  ZMQBindError when `max_tries`
        ports of ``min_port <= port < max_port`` were taken.
        """
        if (min_port, max_port) == (49152, 65536):
            self.bind(f"{addr}:*")
            return int(self._last_endpoint().rpartition(":")[2])
        import random

        for _ in range(max_tries):
            port = random.randrange(min_port, max_port)
            try:
                self.bind(f"{addr}:{port}")
            except ZMQError as error:
                if error.errno not in (EADDRINUSE, EACCES):
                    raise
            else:
                return port
        raise ZMQBindError("Could not bind socket to random port.")

    def _last_endpoint(self) -> str:
        return str(self._options[_O.LAST_ENDPOINT].decode())

    # Messages.

    def send(
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: Union[int, None] = None,
        group: Union[str, None] = None,
    ) -> Union[MessageTracker, None]:
        """Queue one frame (zmq_msg_send).

        `flags`: SNDMORE if another frame of the message follows; DONTWAIT to raise
        Again rather than block.  Blocks for at most SNDTIMEO ms.  Returns a tracker
        if `track`, and not `copy`.

        TypeError unless `data` has the buffer interface.  ZMQError: ENOTSUP for a
        type that cannot send, EFSM when it is not the socket's turn, EHOSTUNREACH
        with ROUTER_MANDATORY.
        """
        if data.__class__ is not bytes:
            data = _body(data)
        if routing_id is not None or group is not None:
            raise ZMQError(ENOTSUP, "routing_id and group are of draft socket types")
        more = flags & _SNDMORE != 0
        result = self._send(data, more)
        if result < 0:
            self._send_later(data, more, flags, result)
        if copy or not track:
            return None
        return _FINISHED_TRACKER

    def _send_later(self, data: Any, more: bool, flags: int, result: int) -> None:
        """Wait for room, unless there is another reason why it failed."""
        deadline = _deadline(self._options[_O.SNDTIMEO])
        while result == -EAGAIN:
            if flags & _DONTWAIT:
                raise Again
            self._wait(POLLOUT, deadline)
            result = self._send(data, more)
        if result < 0:
            raise error_for(-result)

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """The next frame (zmq_msg_recv): bytes, or a `Frame` with ``copy=False``.

        `flags`: DONTWAIT to raise Again rather than block.  Blocks for at most
        RCVTIMEO ms.  ZMQError: ENOTSUP for a type that cannot receive, EFSM when it
        is not the socket's turn.
        """
        body = self._recv()
        if body is None:
            body = self._recv_later(flags)
        if copy:
            return body
        return Frame(body, track=track, more=self._end.more)

    def _recv_later(self, flags: int) -> bytes:
        """Wait for a message, unless there is another reason why there is none."""
        deadline = _deadline(self._options[_O.RCVTIMEO])
        while True:
            if self._end.error != EAGAIN:
                raise error_for(self._end.error)
            if flags & _DONTWAIT:
                raise Again
            self._wait(POLLIN, deadline)
            body: Union[bytes, None] = self._recv()
            if body is not None:
                return body

    def _wait(self, events: int, deadline: Union[float, None]) -> None:
        """Until `events` may be.  Raises Again at `deadline`.

        A signal's handlers run between two waits, so that Ctrl-C gets out.
        """
        while True:
            left = -1
            if deadline is not None:
                left = max(0, int((deadline - time.monotonic()) * 1000 + 0.999))
            result = self._hub.wait(events, left)
            if result > 0:
                return
            if result == 0:
                raise Again
            if result != -EINTR:
                raise error_for(-result)

    def send_multipart(
        self,
        msg_parts: Sequence[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        **kwargs: Any,
    ) -> Union[MessageTracker, None]:
        """Queue a whole message.  TypeError, before anything is queued, if a part
        has no buffer interface."""
        for index, part in enumerate(msg_parts):
            if part.__class__ is not bytes and not isinstance(part, Frame):
                _check_part(index, part)
        for part in msg_parts[:-1]:
            self.send(part, _SNDMORE | flags, copy=copy, track=track)
        return self.send(msg_parts[-1], flags, copy=copy, track=track)

    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> list[Any]:
        """Receive a whole message: a list of its frames."""
        parts = [self.recv(flags, copy=copy, track=track)]
        while self._end.more:
            parts.append(self.recv(flags, copy=copy, track=track))
        return parts

    def recv_into(self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0) -> int:
        """Receive a frame into a writable buffer, of which at most `nbytes` (0: all)
        are used; returns the number of bytes.  What does not fit is lost."""
        view = memoryview(buffer).cast("B")
        if nbytes < 0:
            raise ValueError(f"{nbytes=} must be non-negative")
        limit = nbytes or len(view)
        if limit > len(view):
            raise ValueError(f"nbytes={limit} is more than the buffer: {len(view)}")
        body = self.recv(flags)
        if view.readonly:
            raise TypeError("the buffer is read-only")
        view[: min(limit, len(body))] = body[:limit]
        return len(body)

    # Events.

    def _ready(self) -> int:
        """EVENTS: POLLIN and POLLOUT as they are now."""
        self._check_open()
        result = self._end.ready()
        if result < 0:
            raise error_for(-result)
        return result

    def _signal_fd(self) -> int:
        self._check_open()
        return int(self._hub.fileno())

    def poll(self, timeout: Union[float, None] = None, flags: int = POLLIN) -> int:
        """Wait for `flags` for at most `timeout` ms (None: for ever); returns the
        events that are, 0 if none."""
        self._check_open_for_poll()
        from .poller import zmq_poll

        ready = zmq_poll([(self, flags)], timeout)
        return ready[0][1] if ready else 0

    def _check_open_for_poll(self) -> None:
        if self._closed:
            raise ZMQError(ENOTSUP)

    def fileno(self) -> int:
        """The descriptor of FD."""
        return self._signal_fd()

    # Options.

    def get(self, option: int) -> Any:
        """Read an option (zmq_getsockopt).  ZMQError(EINVAL) if it cannot be."""
        self._check_open()
        reader = _READERS.get(option)
        if reader is not None:
            return reader(self)
        row = table.find(option)
        if not row.readable:
            raise ZMQError(EINVAL)
        return self._options[option]

    def set(self, option: int, value: Any) -> None:
        """Set an option (zmq_setsockopt).

        TypeError for a value of the wrong type, ZMQError(EINVAL) for one out of
        range, or for an option that this type does not have.
        """
        self._check_open()
        writer = _WRITERS.get(option)
        if writer is not None:
            writer(self, value)
            return
        if option not in table.OPTIONS:
            table.require_type(option, value, int)
        row = table.find(option)
        table.check(option, row, value, self._type)
        self._options[option] = value
        if row.live is not None:
            self._hub.set(row.live, value)

    getsockopt = get
    setsockopt = set

    def set_string(self, option: int, optval: str, encoding: str = "utf-8") -> None:
        """Set a bytes option from text.  TypeError unless it is a str."""
        if not isinstance(optval, str):
            raise TypeError(f"strings only, not {optval!r}")
        self.set(option, optval.encode(encoding))

    def get_string(self, option: int, encoding: str = "utf-8") -> str:
        """Read a bytes option as text."""
        value = self.get(option)
        if not isinstance(value, bytes):
            raise TypeError(f"option {option} does not have bytes")
        return value.decode(encoding)

    setsockopt_string = setsockopt_unicode = set_string
    getsockopt_string = getsockopt_unicode = get_string

    def get_hwm(self) -> int:
        """SNDHWM, in messages."""
        return int(self.get(_O.SNDHWM))

    def set_hwm(self, value: int) -> None:
        """Set SNDHWM and RCVHWM, in messages; 0 for no limit."""
        self.set(_O.SNDHWM, value)
        self.set(_O.RCVHWM, value)

    hwm = property(get_hwm, set_hwm, doc="SNDHWM; setting it sets RCVHWM too.")

    def subscribe(self, topic: Union[str, bytes]) -> None:
        """Receive messages that begin with `topic` (SUB)."""
        self.set(_O.SUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    def unsubscribe(self, topic: Union[str, bytes]) -> None:
        """Take one subscription back (SUB)."""
        self.set(_O.UNSUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    @property
    def type(self) -> int:
        """The socket type; readable after close."""
        return self._type

    @property
    def socket_type(self) -> int:
        """Old name of `type`."""
        return self._type


def _end(hub: Any, sessions: list[Session], linger: int, control: Control) -> None:
    hub.stop(ENOTSOCK)
    for session in sessions:
        session.close(linger, False)
    hub.free()
    control.release()


def _subscription(sock: Socket, topic: Any, change: str) -> None:
    if not isinstance(topic, bytes):
        raise TypeError(f"a topic is bytes, not {type(topic).__name__}: {topic!r}")
    if sock._type is not SocketType.SUB:
        raise ZMQError(EINVAL)
    getattr(sock._hub, change)(topic)


def _set_ipv4only(sock: Socket, value: Any) -> None:
    row = table.find(_O.IPV6)
    table.check(_O.IPV6, row, value, sock._type)
    sock._options[_O.IPV6] = 1 - value


_READERS: dict[int, Any] = {
    _O.RCVMORE: lambda sock: int(sock._end.more),
    _O.EVENTS: Socket._ready,
    _O.FD: Socket._signal_fd,
    _O.TYPE: lambda sock: int(sock._type),
    _O.IPV4ONLY: lambda sock: 1 - sock._options[_O.IPV6],
}

_WRITERS: dict[int, Any] = {
    _O.SUBSCRIBE: lambda sock, topic: _subscription(sock, topic, "subscribe"),
    _O.UNSUBSCRIBE: lambda sock, topic: _subscription(sock, topic, "unsubscribe"),
    _O.IPV4ONLY: _set_ipv4only,
    _O.HWM: Socket.set_hwm,
}


def _deadline(timeout: int) -> Union[float, None]:
    return None if timeout < 0 else time.monotonic() + timeout / 1000


def _text(addr: Union[str, bytes]) -> str:
    if isinstance(addr, bytes):
        return addr.decode()
    if not isinstance(addr, str):
        raise TypeError(f"expected str, got: {addr!r}")
    return addr


def _body(data: Any) -> Any:
    """Bytes, or a view of something that has the buffer interface."""
    if isinstance(data, Frame):
        return data.bytes
    if isinstance(data, str):
        raise TypeError("unicode not allowed, use send_string")
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view.cast("B") if view.nbytes else b""


def _check_part(index: int, part: Any) -> None:
    try:
        memoryview(part)
    except TypeError:
        shown = repr(part)
        if len(shown) > 32:
            shown = shown[:32] + "..."
        raise TypeError(
            f"Frame {index} ({shown}) does not support the buffer interface."
        ) from None


def _raise(errno: int, addr: str) -> Sequence[Session]:
    raise error_for(errno, f"addr={addr!r}")
