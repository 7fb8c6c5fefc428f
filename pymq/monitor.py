"""Monitors: what happens to a socket's connections, as messages (zmq_socket_monitor).

Sessions report; a `Monitor` sends what is wanted to whoever connects a PAIR socket to
its inproc endpoint.  An event is two frames: the event in 16 bits and its value in 32,
both in the machine's order, then the endpoint.

Nobody is ever kept waiting by a reader that does not read (libzmq's monitors stop its
I/O thread): as many events wait as the marks of the two ends allow, 2000 by default,
1000 until a reader is there.  What happens while there is no room is counted only.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Union

from .backend.abc import Hub, HubOption
from .constants import Event

if TYPE_CHECKING:
    from .transports.inproc import Binding

_MARK = 1000  # events that wait here, for a reader or beside those at its end
_MASK = 2**32 - 1  # a value is 32 bits, signed or not


class Outlet:
    """Where the events of one `monitor` call go: a PAIR hub, bound over inproc."""

    def __init__(self, hub: Hub, binding: Binding) -> None:
        hub.set(HubOption.SEND_HWM, _MARK)
        self._hub = hub
        self._binding = binding

    def send(self, event: int, value: int, endpoint: bytes) -> bool:
        """Whether there was room."""
        order = sys.byteorder
        head = event.to_bytes(2, order) + (value & _MASK).to_bytes(4, order)
        return self._hub.send_message([head, endpoint]) == 0

    def close(self, last: bool) -> None:
        """What was sent stays to be read, if there is a reader, and behind it, if
        `last`, word that this is all: for that there is always room."""
        if last and not self.send(Event.MONITOR_STOPPED, 0, b""):
            self._hub.set(HubOption.SEND_HWM, _MARK + 1)
            self.send(Event.MONITOR_STOPPED, 0, b"")
        self._binding.close(0, True)
        self._hub.free()


class Monitor:
    """A socket's monitor, whether it has one now or not.

    Reports come from the control thread and from calls of `bind`.
    """

    __slots__ = ("_events", "_lock", "_outlet", "_users", "dropped")

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may be in here too
        self._events = 0
        self._outlet: Union[Outlet, None] = None
        self._users = 1  # the socket, and each pipe that outlives it
        self.dropped = 0  # events that found no room, since `start`

    def report(self, event: int, value: int, endpoint: str) -> None:
        """Something happened.  Never waits."""
        # An enum's `&` costs more than all else here.
        if self._events and self._events & event:
            with self._lock:
                self._send(event, value, endpoint)

    def _send(self, event: int, value: int, endpoint: str) -> None:
        if self._outlet is None:
            return
        if not self._outlet.send(event, value, endpoint.encode()):
            self.dropped += 1

    def start(self, outlet: Outlet, events: int) -> None:
        """Send `events` there from now on."""
        with self._lock:
            self._outlet, self._events, self.dropped = outlet, events, 0

    def stop(self) -> None:
        """Say so to the reader, if it wants to know, and forget it."""
        with self._lock:
            if self._outlet is None:
                return
            last = bool(self._events & Event.MONITOR_STOPPED)
            outlet, self._outlet, self._events = self._outlet, None, 0
        outlet.close(last)

    def hold(self) -> None:
        """A pipe goes on after its socket was closed."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        """The socket, or such a pipe, has ended; the last one stops the monitor."""
        with self._lock:
            self._users -= 1
            last = not self._users
        if last:
            self.stop()
