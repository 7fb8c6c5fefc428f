"""Sockets and pollers whose calls return futures, for tornado (pyzmq's API).

Since tornado runs on asyncio, its futures are asyncio's: these are `pymq.asyncio`'s,
which also find a loop of tornado that does not run yet.
"""

from __future__ import annotations

import warnings
from asyncio import AbstractEventLoop, CancelledError
from typing import Any, Union
from weakref import ref

from tornado.ioloop import IOLoop

from .._future import _AsyncPoller, _AsyncSocket
from ..context import Context as _Context


class _AsyncTornado:
    """Knows tornado's loop."""

    def _default_loop(self) -> AbstractEventLoop:
        return _running_on(IOLoop.current())


class Poller(_AsyncTornado, _AsyncPoller):
    """See `pymq.asyncio.Poller`."""


class Socket(_AsyncTornado, _AsyncSocket):
    """See `pymq.asyncio.Socket`.  ``IOLoop.close(all_fds=True)`` closes it, if it was
    used in that loop."""

    _poller_class = Poller
    _io_loop: Union[IOLoop, None] = None
    _closer: Any = None

    def _get_loop(self) -> AbstractEventLoop:
        current = IOLoop.current()
        if self._io_loop is not current:
            self._tell_loop(current)
        return _running_on(current)

    def _tell_loop(self, current: IOLoop) -> None:
        self._leave_loop()
        self._io_loop, self._closer = current, _Closer(self)
        current.add_handler(self._closer, _nothing, 0)

    def _leave_loop(self) -> None:
        if self._io_loop is not None:
            self._io_loop.remove_handler(self._closer)
            self._io_loop = None

    def close(self, linger: Union[int, None] = None) -> None:
        """See `pymq.Socket.close`."""
        self._leave_loop()
        super().close(linger)


class _Closer:
    """What tornado closes with a loop.  It is watched for nothing, so that any number
    does for a descriptor."""

    def __init__(self, sock: Socket) -> None:
        self._socket = ref(sock)
        self._number = -sock.underlying

    def fileno(self) -> int:
        """Not a descriptor of anything."""
        return self._number

    def close(self) -> None:
        """The loop ends."""
        sock = self._socket()
        if sock is not None:
            sock.close()


def _nothing(fd: Any, events: int) -> None:
    """Never called."""


def _running_on(loop: Any) -> AbstractEventLoop:
    found: AbstractEventLoop = loop.asyncio_loop
    return found


class Context(_Context[Socket]):
    """A context whose sockets are these."""

    _instance = None
    _socket_class = Socket
    io_loop = None

    def __init__(self, *args: Any, io_loop: Any = None, **kwargs: Any) -> None:
        if io_loop is not None:
            warnings.warn(
                "the argument io_loop is deprecated: the loop that runs is used",
                DeprecationWarning,
                stacklevel=2,
            )
        super().__init__(*args, **kwargs)


__all__ = ["CancelledError", "Context", "Poller", "Socket"]
