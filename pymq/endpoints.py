"""Endpoints of a socket: bind, connect, and back."""

from __future__ import annotations

from errno import EACCES, EADDRINUSE, EINVAL, ENOENT
from functools import partial
from typing import TYPE_CHECKING, Any, Sequence, Union

from .base import SocketBase
from .constants import EMTHREAD, ContextOption, SocketOption
from .control import once
from .endpoint import Endpoint, parse
from .error import ZMQBindError, ZMQError, error_for
from .threads import available

if TYPE_CHECKING:
    from .session import Session, Side

_O = SocketOption


class _Undo:
    """What bind and connect return: a context manager that takes them back."""

    def __init__(self, sock: Endpoints, undo: Any, endpoint: str) -> None:
        self._socket = sock
        self._undo = undo
        self._endpoint = endpoint

    def __enter__(self) -> Any:
        return self._socket

    def __exit__(self, *args: object) -> None:
        if not self._socket.closed:
            self._undo(self._endpoint)


class Endpoints(SocketBase):
    """Mixed into `Socket`."""

    def bind(self, addr: Union[str, bytes]) -> _Undo:
        """Accept connections at an endpoint (zmq_bind).

        ZMQError: EINVAL or EPROTONOSUPPORT for a bad endpoint, EADDRINUSE,
        EADDRNOTAVAIL, ENODEV, ENOENT or ENAMETOOLONG as the system has it.
        """
        endpoint = self._open_endpoint(addr, self._bind)
        return _Undo(self, self.unbind, endpoint)

    def connect(self, addr: Union[str, bytes]) -> _Undo:
        """Connect to an endpoint, now or when it comes to be (zmq_connect).

        ZMQError: EINVAL or EPROTONOSUPPORT for a bad endpoint.
        """
        endpoint = self._open_endpoint(addr, self._connect)
        return _Undo(self, self.disconnect, endpoint)

    def _open_endpoint(self, addr: Union[str, bytes], opener: Any) -> str:
        """The endpoint as it turned out to be."""
        with self._busy:
            return self._open_alone(addr, opener)

    def _open_alone(self, addr: Union[str, bytes], opener: Any) -> str:
        self._check_open()
        self.context._control.catch_up()
        text = _text(addr)
        try:
            session = opener(parse(text))
        except ZMQError as error:
            error.strerror += f" (addr={text!r})"
            raise
        except OSError as error:
            raise error_for(error.errno or EINVAL, f"addr={text!r}") from None
        endpoint = str(session.endpoint)
        self._options[_O.LAST_ENDPOINT] = endpoint.encode()
        self._sessions.setdefault(endpoint, []).append(session)
        return endpoint

    def _side(self) -> Side:
        from .session import Side

        context = self.context
        control, now = context._control, self._options
        return Side(
            control,
            self._hub,
            self._pattern,
            dict(now),
            now,
            self._monitor,
            self._connections,
            self._drain,
            context._backend,
            context._registry,
        )

    def _bind(self, endpoint: Endpoint) -> Session:
        if endpoint.scheme == "inproc":
            return self.context._registry.bind(endpoint.address, self._side())
        self._start_control()
        from .session.listener import Listener

        listener = Listener(self._side(), endpoint)
        self._options[_O.USE_FD] = -1  # it is the listener's now
        return self._start(listener)

    def _connect(self, endpoint: Endpoint) -> Session:
        try:
            session = self._connect_to(endpoint)
        except ZMQError as error:
            if error.errno == EADDRINUSE:
                self._options[_O.CONNECT_ROUTING_ID] = b""
            raise
        self._options[_O.CONNECT_ROUTING_ID] = b""  # it names one connection
        return session

    def _connect_to(self, endpoint: Endpoint) -> Session:
        known = self._sessions.get(str(endpoint), [])
        known[:] = [session for session in known if not session.over]
        if endpoint.scheme == "inproc":
            return self.context._registry.connect(endpoint.address, self._side())
        if known and self._pattern.once:
            return known.pop()
        self._start_control()
        from .session.connecter import Connecter

        return self._start(Connecter(self._side(), endpoint))

    def _start_control(self) -> None:
        """ZMQError(EMTHREAD) if there is no I/O thread, or AFFINITY has none."""
        threads = self.context.get(ContextOption.IO_THREADS)
        if not available(self._options[_O.AFFINITY], threads):
            raise error_for(EMTHREAD)
        # Not earlier: `import pymq` should cost little.  Both: later there may be no
        # descriptor left to read a file with.
        from .session import connecter as connecter
        from .session import listener as listener

        self.context._start_threads()

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
        with self._busy:
            self._close_alone(addr)

    def _close_alone(self, addr: Union[str, bytes]) -> None:
        self._check_open()
        text = _text(addr)
        endpoint = parse(text)
        if endpoint.scheme != "inproc" and text not in self._sessions:
            text = self._find_same(endpoint)
        found = self._take(text, endpoint) or _raise(ENOENT, text)
        end = once(partial(_close_sessions, found, self._options[_O.LINGER]))
        try:
            self.context._control.run(end)
        except BaseException:
            self.context._control.run_later(end)  # Ctrl-C must not stop it
            raise
        self._changed()

    def _take(self, text: str, endpoint: Endpoint) -> Sequence[Session]:
        """The sessions that unbind or disconnect ends, which are ours no more.

        Who has bound a name of inproc, and connected to it too, first unbinds.
        """
        found = self._sessions.pop(text, [])
        if endpoint.scheme != "inproc":
            return found
        found = [session for session in found if not session.over]
        bound = [session for session in found if session.keeps_input]
        if bound and found != bound:
            self._sessions[text] = [one for one in found if one not in bound]
        return bound or found

    def _find_same(self, endpoint: Endpoint) -> str:
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
            bound = self.bind(f"{addr}:*")
            return int(bound._endpoint.rpartition(":")[2])
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


def _close_sessions(sessions: Sequence[Session], linger: int) -> None:
    for session in sessions:
        session.close(linger, session.keeps_input)


def _text(addr: Union[str, bytes]) -> str:
    if isinstance(addr, bytes):
        return addr.decode()
    if not isinstance(addr, str):
        raise TypeError(f"expected str, got: {addr!r}")
    return addr


def _raise(errno: int, addr: str) -> Sequence[Session]:
    raise error_for(errno, f"addr={addr!r}")
