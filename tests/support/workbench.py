"""A workbench for the backend contract: hubs, pipes, links made of raw descriptors."""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import Any, Union

from pymq.backend.abc import (
    Backend,
    Event,
    EventKind,
    Hub,
    Link,
    Pipe,
    Receive,
    Routing,
    Send,
    Turns,
)

SECONDS = 30.0  # a hang is a failure after this long

PUSH = Routing(Send.IN_TURN, Receive.NONE)
PULL = Routing(Send.NONE, Receive.FAIR)
PAIR = Routing(Send.ONE, Receive.FAIR)
DEALER = Routing(Send.IN_TURN, Receive.FAIR)
ROUTER = Routing(Send.BY_NAME, Receive.NAMED)
PUB = Routing(Send.TO_ALL, Receive.TOPICS)
XPUB = Routing(Send.TO_ALL, Receive.NOTICES)
SUB = Routing(Send.NONE, Receive.FILTERED, subscribes=True)
REQ = Routing(Send.IN_TURN, Receive.FAIR, turns=Turns.ASKS)
REP = Routing(Send.BY_NAME, Receive.NAMED, turns=Turns.ANSWERS)
XSUB = Routing(Send.TO_ALL, Receive.FAIR, subscribes=True)


class Bench:
    """One backend's loop and the hubs of a test."""

    looks_ahead = True  # readers of lookahead.py

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.loop = backend.loop(1)
        self.loop.start()
        self._hubs: list[Hub] = []
        self._events: list[Event] = []
        self._ends: list[socket.socket] = []

    def hub(self, routing: Routing) -> Hub:
        """A hub of that socket type."""
        made = self.backend.hub(self.loop, routing)
        self._hubs.append(made)
        return made

    def pipe(self, hub: Hub) -> Pipe:
        """A pipe, which the hub must not refuse."""
        made = hub.open()
        assert made is not None
        return made

    def link(self, hub: Hub, **fields: Any) -> tuple[Pipe, socket.socket]:
        """A pipe with a link, and the raw far end of it."""
        pipe = self.pipe(hub)
        return pipe, self.attach(pipe, **fields)

    def attach(self, pipe: Pipe, **fields: Any) -> socket.socket:
        """Give a pipe a link; returns its far end, blocking with a time limit."""
        near, far = self.descriptors()
        self.attach_fd(pipe, near.detach(), **fields)
        return far

    def attach_fd(self, pipe: Pipe, fd: int, **fields: Any) -> None:
        """Give a pipe a link."""
        pipe.attach(Link(fd, **fields))

    def descriptors(self) -> tuple[socket.socket, socket.socket]:
        """A connection: one end for a link, one to read and write here."""
        near, far = socket.socketpair()
        near.setblocking(False)
        far.settimeout(SECONDS)
        self._ends.append(far)
        return near, far

    def join(self, one: Hub, other: Hub) -> tuple[Pipe, Pipe]:
        """Two hubs, joined."""
        pipes = self.pipe(one), self.pipe(other)
        pipes[0].join(pipes[1])
        return pipes

    def recv(self, hub: Hub) -> list[bytes]:
        """The next message; waits for it."""
        assert hub.wait(1, int(SECONDS * 1000)) == 1
        frames: list[bytes] = []
        while not frames or hub.more:
            frame = hub.recv()
            assert not isinstance(frame, int)
            frames.append(frame)
        return frames

    def event(self, kind: Union[EventKind, None], pipe: Pipe) -> Event:
        """Wait for that event; None: for any of the pipe."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for event in self._events:
                if event.pipe == pipe.id and kind in (None, event.kind):
                    self._events.remove(event)
                    return event
            select.select([self.loop.fileno()], [], [], 1)
            self._events.extend(self.loop.take_events())
        raise AssertionError(f"no {kind} for pipe {pipe.id}: {self._events}")

    def told(self, pipe: Pipe) -> list[Event]:
        """What was told of a pipe, and not asked for."""
        self._events.extend(self.loop.take_events())
        return [event for event in self._events if event.pipe == pipe.id]

    def close(self) -> None:
        """End everything."""
        for hub in self._hubs:
            hub.stop(errno.ECANCELED)
            hub.free()
        self.loop.stop()
        for end in self._ends:
            end.close()


def read_exactly(end: socket.socket, size: int) -> bytes:
    """Read `size` bytes."""
    data = bytearray()
    while len(data) < size:
        piece = end.recv(min(size - len(data), 1 << 20))
        assert piece, f"end of file after {len(data)} of {size} bytes"
        data += piece
    return bytes(data)


def read_all(end: socket.socket) -> bytes:
    """Read to the end."""
    data = bytearray()
    while piece := end.recv(1 << 20):
        data += piece
    return bytes(data)


def frame(body: bytes, flags: int = 0) -> bytes:
    """A frame as it is on the wire."""
    if len(body) < 256:
        return bytes((flags, len(body))) + body
    return bytes((flags | 2,)) + len(body).to_bytes(8, "big") + body


def command(name: bytes, data: bytes = b"") -> bytes:
    """A command frame."""
    return frame(bytes((len(name),)) + name + data, 4)
