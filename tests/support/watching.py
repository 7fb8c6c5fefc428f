"""Reading a monitor: what happened to a socket's connections."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from library import TIMEOUT, Library


class Seen(NamedTuple):
    """One event."""

    name: str
    value: int
    endpoint: bytes


class Watch:
    """The monitor of a socket."""

    def __init__(self, zmq: Library, sock: Any, events: Any = None) -> None:
        self._receive = monitor_tools(zmq).recv_monitor_message
        self.socket = sock.get_monitor_socket(events)
        self.socket.set(zmq.RCVTIMEO, TIMEOUT)

    def next(self) -> Seen:
        """The next event."""
        message = self._receive(self.socket)
        name = message["event"].name
        return Seen(name, int(message["value"]), message["endpoint"])

    def until(self, name: str) -> list[Seen]:
        """The next events, up to the one of that name."""
        found = [self.next()]
        while found[-1].name != name:
            found.append(self.next())
        return found

    def to_the_end(self) -> list[Seen]:
        """Everything up to MONITOR_STOPPED."""
        return self.until("MONITOR_STOPPED")


def names(events: list[Seen]) -> list[str]:
    """What happened, in order."""
    return [event.name for event in events]


def monitor_tools(zmq: Library) -> Any:
    """The module ``utils.monitor`` of an implementation."""
    return import_module(f"{zmq.implementation.module.__name__}.utils.monitor")
