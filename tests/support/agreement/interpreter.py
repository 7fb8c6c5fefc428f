"""Runs a program on one implementation, in one thread, and writes down what happens.

Over inproc libzmq does nothing by itself: what one socket does to another waits for
the other's next call.  So after each operation every socket is asked for its EVENTS,
until all has settled.  Only closing is done by another thread of libzmq, in order: when
a fence that was closed later has freed its name, all before is done.
"""

from __future__ import annotations

import binascii
import errno
import time
from typing import Any, Callable, Optional

from implementations import Implementation
from patience import PATIENCE

from .programs import Body, Operation, Program

Entry = tuple[Any, ...]

#: What a pipe needs to end: its termination, the answer, and the answer to that.
ROUNDS = 4
#: As often as libzmq's thread is waited for: it may have to answer.
CLOSINGS = 2
#: The name of the socket that is closed after the others.
FENCE = "inproc://fence"
#: More messages than the marks of programs allow.
FULL = 8
#: As many messages as are looked for at the end.
MOST = 400


class Interpreter:
    """One run of one program."""

    def __init__(self, implementation: Implementation, program: Program) -> None:
        self._zmq = implementation.module
        self._program = program
        self._context = implementation.context()
        self._sockets: list[Any] = []
        self._names: list[list[bytes]] = []  # routing ids that a socket has seen
        self._has_closed = False
        self._fence = self._open("PAIR")
        self._fence.bind(FENCE)

    def run(self) -> list[Entry]:
        """The transcript: for each operation its result, and each socket's EVENTS."""
        transcript: list[Entry] = []
        try:
            for number in range(len(self._program.kinds)):
                self._sockets.append(self._new(number))
                self._names.append([])
            for operation in self._program.operations:
                result = self._attempt(operation)
                transcript.append((operation, result, self._settle()))
            transcript.append(("end", [self._drain(n) for n in self._every()]))
        finally:
            self._end()
        return transcript

    def _every(self) -> range:
        return range(len(self._sockets))

    def _new(self, number: int) -> Any:
        """A socket of the program."""
        return self._open(self._program.kinds[number])

    def _open(self, kind: str) -> Any:
        return self._context.socket(getattr(self._zmq, kind))

    def _end(self) -> None:
        for sock in [*self._sockets, self._fence]:
            sock.close(linger=0)
        self._context.term()

    def _attempt(self, operation: Operation) -> Entry:
        """What the operation returns or raises."""
        name, number, *arguments = operation
        call: Callable[..., Any] = getattr(self, f"_do_{name}")
        try:
            return ("ok", call(number, *arguments))
        except self._zmq.ZMQError as error:
            code = error.errno
            return ("error", errno.errorcode.get(code) or _name(self._zmq, code))
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            return ("error", type(error).__name__)

    def _settle(self) -> list[Entry]:
        """Each socket's EVENTS, when they do not change any more."""
        for _ in range(CLOSINGS if self._has_closed else 0):
            self._look()
            self._fence.close()
            self._fence = self._open("PAIR")
            self._await_name()
        return self._look()

    def _look(self) -> list[Entry]:
        states: list[Entry] = []
        for _ in range(ROUNDS):
            states = [self._attempt(("events", n)) for n in self._every()]
        return states

    # The operations.

    def _do_bind(self, number: int, endpoint: str) -> None:
        self._sockets[number].bind(endpoint)

    def _do_connect(self, number: int, endpoint: str) -> None:
        self._sockets[number].connect(endpoint)

    def _do_unbind(self, number: int, endpoint: str) -> None:
        self._sockets[number].unbind(endpoint)

    def _do_disconnect(self, number: int, endpoint: str) -> None:
        self._sockets[number].disconnect(endpoint)

    def _do_send(self, number: int, body: Body, more: bool) -> None:
        flags = self._zmq.DONTWAIT | (self._zmq.SNDMORE if more else 0)
        self._sockets[number].send(self._make(number, body), flags)

    def _do_send_multipart(self, number: int, bodies: list[Body]) -> None:
        frames = [self._make(number, body) for body in bodies]
        self._sockets[number].send_multipart(frames, self._zmq.DONTWAIT)

    def _do_fill(self, number: int, body: Body) -> list[Entry]:
        """Send until that is refused."""
        found = []
        for _ in range(FULL):
            found.append(self._attempt(("send", number, body, False)))
            if found[-1][0] != "ok":
                break
            self._look()
        return found

    def _do_recv(self, number: int) -> Entry:
        sock = self._sockets[number]
        frame = sock.recv(self._patience(number))
        return (self._show(number, frame), sock.get(self._zmq.RCVMORE))

    def _do_recv_frame(self, number: int) -> Entry:
        frame = self._sockets[number].recv(self._patience(number), copy=False)
        return (self._show(number, frame.bytes), frame.more)

    def _do_recv_multipart(self, number: int) -> Entry:
        frames = self._sockets[number].recv_multipart(self._patience(number))
        return tuple(self._show(number, frame) for frame in frames)

    def _do_drain(self, number: int) -> list[Entry]:
        return self._drain(number)

    def _do_poll(self, number: int, flags: int) -> int:
        return int(self._sockets[number].poll(0, flags))

    def _do_events(self, number: int) -> int:
        events = self._sockets[number].get(self._zmq.EVENTS)
        assert type(events) is int
        return events

    def _do_get(self, number: int, option: str) -> Any:
        value = self._sockets[number].get(getattr(self._zmq, option))
        return (type(value).__name__, value)

    def _do_set(self, number: int, option: str, value: Any) -> None:
        self._sockets[number].set(getattr(self._zmq, option), value)

    def _do_close(self, number: int) -> None:
        self._sockets[number].close()
        self._has_closed = True

    def _do_reopen(self, number: int, kind: str) -> None:
        self._do_close(number)
        self._sockets[number] = self._open(kind)
        self._names[number] = []

    # What they are made of.

    def _patience(self, number: int) -> int:
        """Flags of a receive: all that can be there is there."""
        return int(self._zmq.DONTWAIT)

    def _await_name(self) -> None:
        """Bind the fence: libzmq's thread takes some 0.1 ms to free the name."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._fence.bind(FENCE)
                return
            except self._zmq.ZMQError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise
            time.sleep(0)  # let it run

    def _drain(self, number: int) -> list[Entry]:
        """Every message that is there, and why there is no other."""
        found = []
        for _ in range(MOST):
            result = self._attempt(("recv_multipart", number))
            found.append(result)
            if result[0] != "ok":
                break
            self._look()
        return found

    def _make(self, number: int, body: Body) -> bytes:
        if isinstance(body, tuple):
            return body[0] * body[1]
        names = self._names[number]
        return names[body] if body < len(names) else b"nobody"

    def _show(self, number: int, frame: bytes) -> Any:
        """A frame without what is random: routing ids that libzmq makes up have five
        bytes, request ids four.  No body of a program has so many."""
        if len(frame) in (4, 5):
            names = self._names[number]
            if frame not in names:
                names.append(frame)
            return ("name", names.index(frame))
        if len(frame) > 20:
            return (len(frame), binascii.crc32(frame))
        return frame


def _name(module: Any, code: Optional[int]) -> str:
    for name in ("EFSM", "ETERM", "ENOCOMPATPROTO", "EMTHREAD"):
        if getattr(module, name) == code:
            return name
    return str(code)
