"""Monitors: events of a socket's connections, sent as messages (zmq_socket_monitor).

Sessions report events.  A `Monitor` sends those that are wanted to the PAIR socket that
connects to its inproc endpoint.  An event is two frames.  The first has the event (16
bits) and its value (32 bits), in the machine's byte order; the second the endpoint.

A reader that does not read never delays anybody (libzmq's monitor blocks its I/O
thread).  At most 2000 events wait for a reader by default, 1000 while there is none.
Further events are dropped and counted.
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
        """Send one event.  Returns whether there was room."""
        order = sys.byteorder
        head = event.to_bytes(2, order) + (value & _MASK).to_bytes(4, order)
        return self._hub.send_message([head, endpoint]) == 0

    def close(self, last: bool) -> None:
        """Close the hub.  What was sent can still be read.

        With `last`, MONITOR_STOPPED follows; there is always room for that.
        """
        if last and not self.send(Event.MONITOR_STOPPED, 0, b""):
            self._hub.set(HubOption.SEND_HWM, _MARK + 1)
            self.send(Event.MONITOR_STOPPED, 0, b"")
        self._binding.close(0, True)
        self._hub.free()


class Monitor:
    """A socket's monitor, active or not.

    Events are reported by the control thread, and by calls of `bind`.
    """

    __slots__ = ("_events", "_lock", "_outlet", "_users", "dropped")

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may be in here too
        self._events = 0
        self._outlet: Union[Outlet, None] = None
        self._users = 1  # the socket, and each pipe that outlives it
        self.dropped = 0  # events that found no room, since `start`

    def report(self, event: int, value: int, endpoint: str) -> None:
        """Tell of an event.  Never waits."""
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
        """Send these `events` to `outlet` from now on."""
        with self._lock:
            self._outlet, self._events, self.dropped = outlet, events, 0

    def stop(self) -> None:
        """End: send MONITOR_STOPPED, if the reader wants it, and forget the outlet."""
        with self._lock:
            if self._outlet is None:
                return
            last = bool(self._events & Event.MONITOR_STOPPED)
            outlet, self._outlet, self._events = self._outlet, None, 0
        outlet.close(last)

    def hold(self) -> None:
        """Count a pipe that outlives its socket."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        """Count one less; the last of the socket and its pipes stops the monitor."""
        with self._lock:
            self._users -= 1
            last = not self._users
        if last:
            self.stop()
