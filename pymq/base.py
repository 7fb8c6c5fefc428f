"""What a socket is made of, and its life; `Socket` adds what it can do."""

from __future__ import annotations

import os
import warnings
from collections import deque
from errno import ENOTSOCK
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Union

from . import options as table
from . import patterns
from .attributes import Attributes
from .constants import ETERM, SocketOption, SocketType
from .error import error_for
from .monitor import Monitor
from .properties import Connections

if TYPE_CHECKING:
    from .context import Context
    from .control import Control
    from .session import Session


class SocketBase(Attributes):
    """A hub, the end that its pattern makes of it, options and sessions."""

    copy_threshold: int = 65536
    context: Context
    _closed: bool = True  # until everything is there
    _type: SocketType
    _options: dict[int, Any]
    _hub: Any
    _end: patterns.End
    _send: Any
    _quick_send: Any
    _quick_recv: Any
    _recv: Any
    _ahead: deque[bytes]
    _sessions: dict[str, list[Session]]
    _monitor: Monitor
    _connections: Connections
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
        self._options[SocketOption.LINGER] = self._pattern.linger
        self._options.update(context._inherited)
        self._hub = context._backend.hub(context._loop, self._pattern.routing)
        self._use(self._pattern.wrap(self._hub, self._options))
        self._sessions = {}
        self._monitor = Monitor()
        self._connections = Connections()
        context._adopt(self)
        self._closed = False
        for name, value in options.items():
            setattr(self, name, value)

    def _use(self, end: patterns.End) -> None:
        """Send to, and receive from, `end`."""
        self._end = end
        if isinstance(end, patterns.Wrapper):
            end.hang_up = self.context._control.hang_up
        self._hub.looks_ahead = end is self._hub
        self._send = end.send
        self._quick_send = end.quick_send
        self._quick_recv = end.quick_recv
        self._recv = end.recv
        self._ahead = end.ahead

    if TYPE_CHECKING:

        def __getattr__(self, key: str) -> Any:
            """Options (see `pymq.attributes.define_options`)."""

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
        if self._pid != os.getpid():
            return
        ending = self._ending(linger)
        try:
            self.context._sockets.discard(self)
            self._stop(ENOTSOCK)
            if self._has_address():
                self.context._control.run(ending)
            else:
                self.context._control.leave(ending)
        except BaseException:
            self.context._control.run_later(ending)  # Ctrl-C must not stop it
            raise

    def _stop(self, error: int) -> None:
        """Make every blocked and later call fail with `error`: also those for which
        the pattern holds a message ready, and would not ask the hub."""
        self._hub.stop(error)
        self._use(self._hub)

    def _has_address(self) -> bool:
        """Whether something must be free when `close` returns."""
        return any(s.has_address for group in self._sessions.values() for s in group)

    def _ending(self, linger: Union[int, None]) -> Callable[[], None]:
        """What closes the socket; it must not need the socket any more."""
        sessions = [s for group in self._sessions.values() for s in group]
        if linger is None:
            linger = self._options[SocketOption.LINGER]
        control, monitor = self.context._control, self._monitor
        todo = [partial(_end, self._hub, sessions, linger, control, monitor)]
        return lambda: todo.pop()() if todo else None

    def __enter__(self) -> Any:
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

    def __copy__(self, memo: object = None) -> Any:
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

    def _ready(self) -> int:
        """EVENTS: POLLIN and POLLOUT as they are now."""
        self._check_open()
        result = self._end.ready()
        if result < 0:
            raise error_for(-result)
        return int(result)

    def _signal_fd(self) -> int:
        self._check_open()
        return int(self._hub.fileno())


def _end(
    hub: Any, sessions: list[Session], linger: int, control: Control, monitor: Monitor
) -> None:
    hub.stop(ENOTSOCK)
    for session in sessions:
        session.close(linger, False)
    monitor.release()
    hub.free()
    control.release()
