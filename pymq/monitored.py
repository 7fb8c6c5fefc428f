"""The monitor of a socket, as pyzmq's API has it; see `pymq.monitor`."""

from __future__ import annotations

import itertools
from errno import EINVAL, EMFILE, EPROTONOSUPPORT
from typing import Any, Union

from . import patterns
from .constants import Event, SocketType
from .endpoint import parse
from .error import ZMQError
from .monitor import Outlet
from .socket_state import SocketState

_ALL = 0xFFFF  # those that fit into the frame that tells of them
_numbers = itertools.count(1)


class Monitored(SocketState):
    """Mixed into `Socket`."""

    _monitor_socket: Any = None

    def monitor(self, addr: Union[str, bytes, None], events: int = Event.ALL) -> None:
        """Send events of this socket's connections as messages (zmq_socket_monitor).

        `addr` is an inproc endpoint, to which a PAIR socket has to connect; `events` is
        a sum of `Event` values.  Events before that are kept for it.  If the reader is
        slow events are dropped and counted (`monitor_dropped`); the socket never waits
        for it.

        A call ends the previous monitor.  With ``addr=None`` that is all it does.

        ZMQError: EINVAL for a bad endpoint or unknown events, EPROTONOSUPPORT for
        another scheme than inproc, EADDRINUSE.  TypeError if `addr` is not text.
        """
        self._check_open()
        if events & ~_ALL:
            raise ZMQError(EINVAL)
        if addr is None:
            self._monitor.stop()
            return
        if not isinstance(addr, (str, bytes)):
            raise TypeError(f"Expected addr to be str, got {addr=}")
        endpoint = parse(addr.decode() if isinstance(addr, bytes) else addr)
        if endpoint.scheme != "inproc":
            raise ZMQError(EPROTONOSUPPORT)
        self._monitor.stop()
        self._monitor.start(self._outlet(endpoint.address), events)

    def _outlet(self, name: str) -> Outlet:
        context = self.context
        pattern = patterns.get(SocketType.PAIR)
        hub = context._backend.hub(context._loop, pattern.routing)
        first = hub.open()  # before there is a reader, and keeps events for it
        if first is None:
            raise ZMQError(EMFILE)
        side = self._side().beside(hub, pattern)
        try:
            return Outlet(hub, context._registry.bind(name, side, first))
        except ZMQError:
            hub.free()
            raise

    def get_monitor_socket(
        self, events: Union[int, None] = None, addr: Union[str, None] = None
    ) -> Any:
        """Return a PAIR socket that receives the events of this socket.

        `events` is a sum of `Event` values, None for all.  `addr` is as of `monitor`;
        None makes one up.  Read the events with
        `pymq.utils.monitor.recv_monitor_message`.

        Later calls return the same socket, until it is closed or `disable_monitor` is
        called.  The caller has to close it.  Errors are those of `monitor`.
        """
        reader = self._monitor_socket
        if reader is not None and not reader.closed:
            return reader
        if addr is None:
            addr = f"inproc://monitor.s-{next(_numbers)}"
        self._check_open()
        reader = self.context.socket(SocketType.PAIR)
        try:
            self.monitor(addr, Event.ALL if events is None else events)
        except BaseException:
            reader.close()
            raise
        reader.connect(addr)
        self._monitor_socket = reader
        return reader

    def disable_monitor(self) -> None:
        """End the monitor.  Its reader receives MONITOR_STOPPED."""
        self._monitor_socket = None
        self.monitor(None, 0)

    @property
    def monitor_dropped(self) -> int:
        """How many events of the present monitor were dropped, for want of room.

        Not in pyzmq.
        """
        return self._monitor.dropped
