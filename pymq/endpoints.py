"""Endpoints of a socket: bind, connect, and back."""

from __future__ import annotations

import warnings
from errno import EACCES, EADDRINUSE, ECONNREFUSED, EINVAL, ENOENT
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Callable, Sequence, Union

from . import constants as _C
from .constants import EMTHREAD
from .deadline import remaining, until
from .endpoint import Endpoint, parse
from .error import Again, UnsafePickleWarning, ZMQBindError, ZMQError, error_for
from .loading import load
from .once import once
from .pauses import Steps, Until
from .security_options import check_keys
from .socket_state import SocketState
from .threads import available

if TYPE_CHECKING:
    from .meeting import Meeting
    from .session import Session
    from .session.judge import Auth, Judge
    from .session.side import Side

    _Opener = Callable[[Endpoint], Session]

_LOOK = 0.15  # seconds until a waiting `connect` looks whether the context has ended


class _Undo:
    """What `bind` and `connect` return: a context manager that takes them back."""

    def __init__(self, sock: Endpoints, undo: Any, endpoint: str) -> None:
        self._socket = sock
        self._undo = undo
        self._endpoint = endpoint

    def __repr__(self) -> str:
        how = self._undo.__name__.replace("un", "").replace("dis", "")
        return f"<{type(self).__name__}({how}={self._endpoint!r})>"

    def __enter__(self) -> Any:
        return self._socket

    def __exit__(self, *args: object) -> None:
        if not self._socket.closed:
            self._undo(self._endpoint)


class Endpoints(SocketState):
    """Mixed into `Socket`."""

    _minded: bool = False  # `recv_pyobj` has thought of all endpoints
    _warned: bool = False  # and somebody of what it found

    def bind(self, addr: Union[str, bytes], *, auth: Union[Auth, None] = None) -> _Undo:
        """Accept connections at an endpoint (zmq_bind).

        `addr` is ``scheme://address``, such as ``tcp://*:5555``.  With ``tcp://*:*`` or
        ``tcp://*:0`` the system chooses a port; the option LAST_ENDPOINT says which.
        The result can be used as a context manager that unbinds at its end.

        `auth` is a function that decides who may connect (not in pyzmq; no ZAP handler
        is asked then).  It is called for every peer, with a `pymq.auth.Applicant`:

        - It returns True to let the peer in.  A str or bytes lets it in, too, as the
          User-Id of its messages; so does a mapping, as properties of its messages.
          Any false value refuses the peer.
        - It may block: it runs on a thread of pymq's, several at a time.  An awaitable
          result is awaited in the event loop in which `bind` was called, or else in a
          new one.
        - An exception is logged, and refuses the peer.

        ZMQError: EINVAL or EPROTONOSUPPORT for a bad endpoint; EADDRINUSE,
        EADDRNOTAVAIL, ENODEV, ENOENT or ENAMETOOLONG as the system says.  With `auth`:
        EINVAL if there is no handshake (inproc, STREAM, ROUTER_RAW), or if the socket
        is a client of PLAIN, CURVE or GSSAPI; TypeError if it cannot be called.
        """
        judge = None if auth is None else self._judge(auth)
        session = self._open_endpoint(addr, partial(self._bind, judge=judge))
        return _Undo(self, self.unbind, session.endpoint)

    def connect(
        self, addr: Union[str, bytes], *, timeout: Union[float, None] = None
    ) -> _Undo:
        """Connect to an endpoint (zmq_connect).

        Without `timeout` it returns at once.  The connection is made in the background,
        and made again whenever it is lost, so the peer may start later.  The result can
        be used as a context manager that disconnects at its end.

        With a `timeout` in ms (-1: for ever; not in pyzmq) it waits until a connection
        is ready for messages.  If that fails it raises Again when the time is over,
        AuthenticationError if the peer refuses us, or HandshakeError if the two cannot
        talk to each other.  The endpoint is then disconnected again, and what was
        queued for it dropped, unless an earlier `connect` still wants it.

        DEALER, REQ, PUB and SUB have at most one connection to an endpoint, and none to
        an endpoint that they have bound themselves; another `connect` changes nothing.

        ZMQError: EINVAL or EPROTONOSUPPORT for a bad endpoint.  With `timeout` also
        EINVAL if such a type has bound the endpoint itself.
        """
        if timeout is not None:
            return self._finish(self._meeting(addr, timeout))
        session = self._open_endpoint(addr, self._connect)
        return _Undo(self, self.disconnect, session.endpoint)

    def _meeting(self, addr: Union[str, bytes], timeout: float) -> Steps[_Undo]:
        session = self._open_endpoint(addr, self._connect)
        meeting = session.meeting
        if meeting is None:
            raise error_for(EINVAL, f"addr={session.endpoint!r}, which it has bound")
        deadline = until(timeout)
        try:
            while not meeting.has_met():
                self._check_open()
                if session.over:
                    raise error_for(ECONNREFUSED, f"addr={session.endpoint!r}")
                if remaining(deadline) <= 0:
                    raise Again
                yield _news_of(session, meeting, deadline)
        except BaseException:
            self._take_back(session, meeting)
            raise
        return _Undo(self, self.disconnect, session.endpoint)

    def _take_back(self, session: Session, meeting: Meeting) -> None:
        """Disconnect this session only; there may be others of its endpoint.

        It stays if another `connect` wants it.  That of a socket that was closed
        meanwhile lingers as it should.
        """
        if self._closed:
            return
        with self._busy:
            meeting.wishes -= 1
            if meeting.wishes:
                return
            known = self._sessions.get(session.endpoint, [])
            if session in known:
                known.remove(session)
            if not known:
                self._sessions.pop(session.endpoint, None)
        self.context._control.run(partial(session.close, 0, False))
        self._changed()

    def _judge(self, auth: Auth) -> Judge:
        """Make the judge of an endpoint.  ZMQError(EINVAL) if it would never be
        asked."""
        if not callable(auth):
            raise TypeError(f"auth is not callable: {auth!r}")
        from .session import security
        from .session.judge import Judge

        if self._pattern.raw or self._options[_C.ROUTER_RAW]:
            raise error_for(EINVAL, "auth: there is no handshake")
        mechanism = security.mechanism(self._options, True)
        if mechanism.name != b"NULL" and not mechanism.as_server:
            raise error_for(EINVAL, "auth: the socket is a client of its mechanism")
        return Judge(auth)

    def _mind_pickles(self) -> None:
        """Warn, once, if anybody may send the pickles that `recv_pyobj` runs."""
        if self._minded:
            return
        self._tell(_minded=True)
        known = [one for group in list(self._sessions.values()) for one in list(group)]
        exposed = [session.endpoint for session in known if session.exposed]
        if exposed and not self._warned:
            self._tell(_minded=False)  # who makes an error of it gets one each time
            text = f"recv_pyobj runs what anybody sends who reaches {exposed[0]}: "
            text += "use recv_serialized, or authenticate peers"
            warnings.warn(text, UnsafePickleWarning, stacklevel=3)
            self._tell(_minded=True, _warned=True)

    def _open_endpoint(self, addr: Union[str, bytes], opener: _Opener) -> Session:
        with self._busy:
            return self._open_alone(addr, opener)

    def _open_alone(self, addr: Union[str, bytes], opener: _Opener) -> Session:
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
        endpoint = session.endpoint
        self._options[_C.LAST_ENDPOINT] = endpoint.encode()
        self._sessions.setdefault(endpoint, []).append(session)
        if self._minded:
            self._tell(_minded=False)
        return session

    def _side(self, judge: Union[Judge, None] = None) -> Side:
        context, now = self.context, self._options
        side: Side = _module(".session.side").Side(
            context._control,
            self._hub,
            self._pattern,
            dict(now),
            now,
            self._monitor,
            self._connections,
            self._drain,
            context._backend,
            context._registry,
            judge,
        )
        return side

    def _bind(self, endpoint: Endpoint, judge: Union[Judge, None]) -> Session:
        if endpoint.scheme == "inproc":
            if judge is not None:
                raise error_for(EINVAL, "auth: inproc has no handshake")
            return self.context._registry.bind(endpoint.address, self._side())
        self._start_control()
        listener = _module(".session.listener").Listener(self._side(judge), endpoint)
        self._options[_C.USE_FD] = -1  # it is the listener's now
        return self._start(listener)

    def _connect(self, endpoint: Endpoint) -> Session:
        try:
            session = self._connect_to(endpoint)
        except ZMQError as error:
            if error.errno == EADDRINUSE:
                self._options[_C.CONNECT_ROUTING_ID] = b""
            raise
        self._options[_C.CONNECT_ROUTING_ID] = b""  # it names one connection
        if session.meeting is not None:
            session.meeting.wishes += 1
        return session

    def _connect_to(self, endpoint: Endpoint) -> Session:
        """Find or make the session of an endpoint.

        For a type that connects only once, as in libzmq, a bound endpoint counts, too.
        """
        known = self._sessions.get(str(endpoint))
        if known:
            known[:] = [session for session in known if not session.over]
        if endpoint.scheme == "inproc":
            return self.context._registry.connect(endpoint.address, self._side())
        if known and self._pattern.once:
            return known.pop()
        self._start_control()
        make = _module(".session.connecter").Connecter
        return self._start(make(self._side(), endpoint))

    def _start_control(self) -> None:
        """Start the threads.

        ZMQError: EMTHREAD if there is no I/O thread, or AFFINITY has none; EINVAL if a
        key is missing.
        """
        if not (self._pattern.raw or self._options[_C.ROUTER_RAW]):
            check_keys(self._options)
        threads = self.context._options[_C.IO_THREADS]
        if not available(self._options[_C.AFFINITY], threads):
            raise error_for(EMTHREAD)
        if not self.context._control.started:
            # Both: later there may be no descriptor left to read a file with.
            for name in (".session.connecter", ".session.listener"):
                _module(name)
            self.context._start_threads()

    def _start(self, session: Any) -> Session:
        self.context._control.call(session.start)
        return session  # type: ignore[no-any-return]

    def unbind(self, addr: Union[str, bytes]) -> None:
        """Stop accepting at an endpoint, and end its connections (zmq_unbind).

        What is queued for them is sent in the background, for at most LINGER ms.
        `addr` is the endpoint without wildcards: use what LAST_ENDPOINT said after
        `bind`.  ZMQError(ENOENT) if it is not bound.
        """
        self._close_endpoint(addr)

    def disconnect(self, addr: Union[str, bytes]) -> None:
        """End the connection to an endpoint (zmq_disconnect).

        What is queued for it is sent in the background, for at most LINGER ms.
        Messages that have arrived from it and were not received are lost.
        ZMQError(ENOENT) if the socket is not connected to it.
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
        found = self._take(text, endpoint)
        if not found:
            raise error_for(ENOENT, f"addr={text!r}")
        end = once(partial(_close_sessions, found, self._options[_C.LINGER]))
        try:
            self.context._control.run(end)
        except BaseException:
            self.context._control.run_later(end)  # Ctrl-C must not stop it
            raise
        self._changed()

    def _take(self, text: str, endpoint: Endpoint) -> Sequence[Session]:
        """Remove and return the sessions that unbind or disconnect ends.

        If an inproc name is both bound and connected to, the first call unbinds.
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
        *,
        auth: Union[Auth, None] = None,
    ) -> int:
        """Bind to a free port and return it.

        `addr` is an endpoint without a port, such as ``tcp://127.0.0.1``.  With the
        default range the system chooses.  Otherwise at most `max_tries` ports are tried
        at random, ``min_port <= port < max_port``.  `auth` is as of `bind`.

        ZMQBindError if all the ports that were tried are taken; other errors as of
        `bind`.
        """
        if (min_port, max_port) == (49152, 65536):
            bound = self.bind(f"{addr}:*", auth=auth)
            return int(bound._endpoint.rpartition(":")[2])
        import random

        for _ in range(max_tries):
            port = random.randrange(min_port, max_port)
            try:
                self.bind(f"{addr}:{port}", auth=auth)
            except ZMQError as error:
                if error.errno not in (EADDRINUSE, EACCES):
                    raise
            else:
                return port
        raise ZMQBindError("Could not bind socket to random port.")


@cache  # to import it again costs as much as to make what is wanted of it
def _module(name: str) -> Any:
    """Import a module when it is first needed, so that `import pymq` costs little."""
    return load(name, __package__)


def _news_of(session: Session, meeting: Meeting, deadline: Union[float, None]) -> Until:
    """Wait for a connection, but only briefly: nobody tells of the context's end."""
    soon = until(1000 * max(0.0, min(_LOOK, remaining(deadline))))
    return Until(meeting.changed, lambda: meeting.has_met() or session.over, soon)


def _close_sessions(sessions: Sequence[Session], linger: int) -> None:
    for session in sessions:
        session.close(linger, session.keeps_input)


def _text(addr: Union[str, bytes]) -> str:
    if isinstance(addr, bytes):
        return addr.decode()
    if not isinstance(addr, str):
        raise TypeError(f"expected str, got: {addr!r}")
    return addr
