"""The monitor of a socket, as pyzmq's API has it; see `pymq.monitor`."""

from __future__ import annotations

import itertools
from errno import EINVAL, EMFILE, EPROTONOSUPPORT
from typing import Any, Union

from . import patterns
from .base import SocketBase
from .constants import Event, SocketType
from .endpoint import parse
from .error import ZMQError
from .monitor import Outlet

_ALL = 0xFFFF  # those that fit into the frame that tells of them
_numbers = itertools.count(1)


class Monitored(SocketBase):
    """Mixed into `Socket`."""

    _monitor_socket: Any = None

    def monitor(self, addr: Union[str, bytes, None], events: int = Event.ALL) -> None:
        """Send the `events` of this socket's connections to an inproc endpoint
        (zmq_socket_monitor), to which a PAIR socket is to be connected.

        What happens before that is kept for it.  A reader that does not read misses
        events (see `monitor_dropped`), but stops nobody.

        The monitor before it, if there is one, ends; with `addr` None that is all.
        ZMQError: EINVAL for a bad endpoint or unknown events, EPROTONOSUPPORT for
        another transport than inproc, EADDRINUSE.
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
        """A PAIR socket that receives the `events` (default: all) of this socket; see
        `pymq.utils.monitor.recv_monitor_message`.

        The same one until it is closed or `disable_monitor` is called.  It has to be
        closed by whoever asked for it.  `addr` is as of `monitor`.
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
        """End the monitor; its reader gets MONITOR_STOPPED."""
        self._monitor_socket = None
        self.monitor(None, 0)

    @property
    def monitor_dropped(self) -> int:
        """How many events the monitor's reader misses, because too many waited for
        it already.  Not in pyzmq."""
        return self._monitor.dropped
