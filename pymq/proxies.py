"""Proxies: pass whole messages from one socket to another, both ways (zmq_proxy)."""

from __future__ import annotations

import sys
from typing import Any, Sequence, Union

from .constants import POLLIN, SocketType
from .poller import Waiter
from .socket import Socket
from .way import IDLE, Tap, Way, check, failure


class Proxy:
    """Two ways, or one if a socket talks to itself, and the control socket."""

    def __init__(self, ways: Sequence[Way], control: Union[Socket, None]) -> None:
        self._ways = ways
        self._control = control
        self._paused = self._ended = False
        self._waiter: Union[Waiter, None] = None  # the last, with bells hung up ...
        self._awaited: list[tuple[Any, int]] = []  # ... for these

    def run(self) -> None:
        """Pass messages on until the control socket says TERMINATE."""
        hubs = [way.source._hub for way in self._ways if not way.by_hand]
        looked = [hub.looks_ahead for hub in hubs]
        try:
            for hub in hubs:
                hub.looks_ahead = False  # what is ahead has to be moved by hand
            self._run()
        finally:
            self._wait_for([])
            for hub, looks in zip(hubs, looked):
                hub.looks_ahead = looks

    def _run(self) -> None:
        while True:
            if self._control is not None:
                self._obey(self._control)
            if self._ended:
                return
            moved = [] if self._paused else [way.move() for way in self._ways]
            if not any(moved):
                self._wait()

    def _wait(self) -> None:
        wanted: dict[Any, int] = {way.source: 0 for way in self._ways}
        if self._control is not None:
            wanted[self._control] = int(POLLIN)
        if not self._paused:
            for sock, events in (way.waits_for() for way in self._ways):
                wanted[sock] = wanted.get(sock, 0) | events
        self._wait_for(list(wanted.items()))

    def _wait_for(self, wanted: list[tuple[Any, int]]) -> None:
        """Wait for sockets and events; [] ends the waiting for good.

        Mostly they are the same as before, so the bells are kept: to make and remove
        them costs more than to pass on some ten messages.
        """
        if wanted != self._awaited and self._waiter is not None:
            self._waiter.__exit__()
            self._waiter = None
        if wanted:
            self._waiter = self._waiter or Waiter(wanted, bells=True)
            self._awaited = wanted
            self._waiter.wait()

    def _obey(self, control: Socket) -> None:
        while not self._ended:
            parts = control._end.recv_message()
            if isinstance(parts, int):
                if parts in IDLE:
                    return
                raise failure(control, parts)
            self._answer(control, parts)

    def _answer(self, control: Socket, parts: list[bytes]) -> None:
        """Obey a command.  A REP always gets an answer, even to what is no command."""
        command = parts[0] if len(parts) == 1 else b""
        if command == b"PAUSE":
            self._paused = True
        elif command == b"RESUME":
            self._paused = False
        elif command == b"TERMINATE":
            self._ended = True
        if command == b"STATISTICS":
            control._end.send_message(self._statistics())
        elif control.type == SocketType.REP:
            control._end.send_message([b""])

    def _statistics(self) -> list[bytes]:
        """Frames and bytes: received and sent by the frontend, then by the backend."""
        there, back = self._ways[0], self._ways[-1]
        return [
            number.to_bytes(8, sys.byteorder)
            for way in (there, back, back, there)
            for number in (way.parts, way.octets)
        ]


def proxy(
    frontend: Socket, backend: Socket, capture: Union[Socket, None] = None
) -> int:
    """Pass messages between two sockets, until the context ends (zmq_proxy).

    Messages go both ways.  A copy of each goes to `capture`.  It does not return; it
    raises ContextTerminated when the context is terminated, ZMQError(ENOTSOCK) when a
    socket is closed, and whatever else sending raises, such as EHOSTUNREACH with
    ROUTER_MANDATORY.

    TypeError if an argument is no `Socket`.
    """
    return proxy_steerable(frontend, backend, capture)


def proxy_steerable(
    frontend: Socket,
    backend: Socket,
    capture: Union[Socket, None] = None,
    control: Union[Socket, None] = None,
) -> int:
    """A `proxy` that a fourth socket controls (zmq_proxy_steerable).

    `control` is a REP, PAIR, PULL or SUB that receives commands of one frame.  PAUSE
    stops the traffic and RESUME continues it.  TERMINATE makes this call return 0.
    STATISTICS is answered with eight frames, numbers of 64 bits in the machine's byte
    order: frames and bytes that the frontend has received, frames and bytes that it has
    sent, and the same for the backend.  A REP answers everything else with an empty
    frame.
    """
    check(frontend, backend, *([] if control is None else [control]))
    tap = None if capture is None else Tap(capture)
    ways = [Way(frontend, backend, tap)]
    if frontend is not backend:
        ways.append(Way(backend, frontend, tap))
    Proxy(ways, control).run()
    return 0


def device(device_type: int, frontend: Socket, backend: Socket) -> int:
    """The old name of `proxy`.  `device_type` has no effect."""
    return proxy(frontend, backend)


def monitored_queue(
    in_socket: Socket,
    out_socket: Socket,
    mon_socket: Socket,
    in_prefix: bytes = b"in",
    out_prefix: bytes = b"out",
) -> int:
    """A `proxy` that sends each message to `mon_socket` too, with its direction.

    The first frame of a copy is `in_prefix` if `in_socket` has received the message,
    `out_prefix` if `out_socket` has.  If both are ROUTER, the first two frames of each
    message are exchanged, so that their peers can address each other in the first
    frame.

    TypeError if a prefix is not bytes.
    """
    check(in_socket, out_socket)
    for prefix in (in_prefix, out_prefix):
        if not isinstance(prefix, bytes):
            raise TypeError(f"a prefix is bytes, not {prefix!r}")
    swaps = in_socket.type == out_socket.type == SocketType.ROUTER
    ways = [Way(in_socket, out_socket, Tap(mon_socket, [in_prefix]), swaps)]
    if in_socket is not out_socket:
        ways.append(Way(out_socket, in_socket, Tap(mon_socket, [out_prefix]), swaps))
    Proxy(ways, None).run()
    return 0
