"""Runs a program on two sockets that are connected over tcp or ipc.

There what one socket does reaches the other in its own time. So a program consists of
steps that end when something has arrived that must: a connection, a message, a notice
of a subscription. Between two steps nothing is under way.
"""

from __future__ import annotations

import itertools
from typing import Any

from implementations import Implementation
from library import TIMEOUT, Library
from marriage import settle
from patience import until

from .interpreter import Entry, Interpreter
from .programs import Body, Program

ROUTING_ID = b"A"  # by which a ROUTER knows its peer


class Network(Interpreter):
    """One run of one program; socket 0 binds, socket 1 connects."""

    def __init__(self, implementation: Implementation, program: Program) -> None:
        super().__init__(implementation, program)
        self._library = Library(implementation)
        self._endpoint = ""
        self._numbers = itertools.count()

    def _open(self, kind: str) -> Any:
        sock = super()._open(kind)
        sock.set(self._zmq.RCVTIMEO, TIMEOUT)
        sock.set(self._zmq.SNDTIMEO, TIMEOUT)
        if kind == "DEALER":
            sock.set(self._zmq.ROUTING_ID, ROUTING_ID)
        return sock

    def _settle(self) -> list[Entry]:
        return self._look() if self._endpoint else []

    def _end(self) -> None:
        super()._end()
        self._library.close()

    def _do_marry(self, number: int) -> None:
        binder, connecter = self._sockets
        self._endpoint = self._library.bind(binder, self._program.transport)
        connecter.connect(self._endpoint)
        settle(binder, connecter)

    def _do_part(self, number: int) -> None:
        """Disconnect and unbind: whoever needs a peer to send to has none then."""
        binder, connecter = self._sockets
        connecter.disconnect(self._endpoint)
        until(self._is_apart)
        binder.unbind(self._endpoint)
        self._endpoint = ""

    def _is_apart(self) -> bool:
        """Asks both: in libzmq a connection ends with the help of either socket."""
        events = [sock.get(self._zmq.EVENTS) for sock in self._sockets]
        return not any(
            state & self._zmq.POLLOUT
            for state, kind in zip(events, self._program.kinds)
            if kind in ("PUSH", "DEALER", "REQ")
        )

    def _do_tell(self, number: int, bodies: list[Body]) -> Entry:
        """Send a message, which the other socket receives."""
        frames = [self._make(number, body) for body in bodies]
        if self._program.kinds[number] == "ROUTER":
            frames.insert(0, ROUTING_ID)
        self._sockets[number].send_multipart(frames)
        other = 1 - number
        found = self._sockets[other].recv_multipart()
        return tuple(self._show(other, frame) for frame in found)

    def _do_ask(self, number: int, bodies: list[Body], answer: list[Body]) -> list[Any]:
        """A request, its reply, and the calls in between that are out of turn."""
        asked, other = self._do_tell(number, bodies), 1 - number
        wrong = [("recv_multipart", other), ("send", number, (b"x", 1), False)]
        early = [self._attempt(operation) for operation in wrong]
        return [asked, early, self._do_tell(other, answer)]

    def _do_subscribe(self, number: int, option: str, topic: bytes) -> None:
        """Change a subscription, and know that the publisher has."""
        self._sockets[number].set(getattr(self._zmq, option), topic)
        settle(self._sockets[1 - number], self._sockets[number])

    def _do_publish(self, number: int, bodies: list[Body]) -> list[Entry]:
        """Send a message, and what the subscriber gets of it: nothing, or all."""
        end = b"end of " + bytes(str(next(self._numbers)), "ascii")
        subscriber = self._sockets[1 - number]
        self._do_subscribe(1 - number, "SUBSCRIBE", end)
        self._do_send_multipart(number, bodies)
        self._sockets[number].send(end)
        found: list[Entry] = []
        while (frames := subscriber.recv_multipart()) != [end]:
            found.append(tuple(self._show(1 - number, frame) for frame in frames))
        self._do_subscribe(1 - number, "UNSUBSCRIBE", end)
        return found
