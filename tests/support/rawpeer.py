"""A ZMTP 3.1 peer made of a plain socket: it says exactly the bytes it is told to."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Iterator, Optional

from patience import PATIENCE

MORE, LONG, COMMAND = 1, 2, 4
GREETING_SIZE = 64


def greeting(mechanism: bytes = b"NULL", major: int = 3, minor: int = 1) -> bytes:
    """The 64 bytes that open a ZMTP 3.x connection (RFC 37)."""
    signature = b"\xff" + bytes(8) + b"\x7f"
    return signature + bytes((major, minor)) + mechanism.ljust(20, b"\0") + bytes(32)


def frame(body: bytes, more: bool = False, command: bool = False) -> bytes:
    """One ZMTP frame in its shortest form."""
    flags = (MORE if more else 0) | (COMMAND if command else 0)
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def message(*parts: bytes) -> bytes:
    """All frames of one message."""
    last = len(parts) - 1
    return b"".join(frame(part, more=i < last) for i, part in enumerate(parts))


def ready(socket_type: bytes, identity: Optional[bytes] = None) -> bytes:
    """The READY command of the NULL mechanism."""
    body = b"\x05READY" + _metadata(b"Socket-Type", socket_type)
    if identity is not None:
        body += _metadata(b"Identity", identity)
    return frame(body, command=True)


def _metadata(name: bytes, value: bytes) -> bytes:
    return bytes((len(name),)) + name + struct.pack(">I", len(value)) + value


class RawPeer:
    """One end of a connection, by bytes.  Fails instead of hanging."""

    minor = 1  # of ZMTP 3

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(PATIENCE)

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def handshake(self, socket_type: bytes, identity: Optional[bytes] = None) -> None:
        """Greeting and READY, both ways.

        Nothing is sent ahead: libzmq drops a NULL peer that sends READY and a
        message before it has sent its own READY.
        """
        self.send(greeting(minor=self.minor))
        self.recv(GREETING_SIZE)
        self.send(ready(socket_type, identity))
        flags, body = self.recv_frame()
        assert flags & COMMAND, (flags, body)
        assert body.startswith(b"\x05READY"), body

    def send(self, data: bytes) -> None:
        """Exactly these bytes."""
        self.sock.sendall(data)

    def recv(self, size: int) -> bytes:
        """Exactly so many bytes."""
        data = bytearray()
        while len(data) < size:
            piece = self.sock.recv(min(size - len(data), 1 << 20))
            if not piece:
                raise EOFError(f"{len(data)} of {size} bytes, then the end")
            data += piece
        return bytes(data)

    def recv_frame(self) -> tuple[int, bytes]:
        """Flags and body of the next frame, commands included."""
        flags = self.recv(1)[0]
        size = struct.unpack(">Q", self.recv(8))[0] if flags & LONG else self.recv(1)[0]
        return flags, self.recv(size)

    def recv_message(self) -> list[bytes]:
        """All frames of the next message; commands are skipped."""
        parts = []
        while True:
            flags, body = self.recv_frame()
            if flags & COMMAND:
                continue
            parts.append(body)
            if not flags & MORE:
                return parts

    def rest(self) -> bytes:
        """Everything until the other side ends the connection."""
        data = bytearray()
        with contextlib.suppress(ConnectionError):
            while True:
                piece = self.sock.recv(1 << 16)
                if not piece:
                    break
                data += piece
        return bytes(data)


def connect(endpoint: str, receive_buffer: int = 0) -> RawPeer:
    """Connect to a bound tcp or ipc endpoint; `receive_buffer` is SO_RCVBUF."""
    scheme, _, where = endpoint.partition("://")
    if scheme == "ipc":
        sock = socket.socket(socket.AF_UNIX)
        target: object = where
    else:
        host, _, port = where.rpartition(":")
        sock = socket.socket()
        target = (host, int(port))
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE)
    sock.connect(target)  # type: ignore[arg-type]
    return RawPeer(sock)


@contextlib.contextmanager
def crowd(endpoint: str, count: int) -> Iterator[list[RawPeer]]:
    """So many that have connected.  A test that fails must not leave them: at its end,
    Python's complaints of each would bury why."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(endpoint)) for _ in range(count)]


class RawListener:
    """A tcp listener whose connections are raw peers."""

    def __init__(self, receive_buffer: int = 0, port: int = 0) -> None:
        self.sock = socket.socket()
        if receive_buffer:  # inherited by what is accepted, and must precede listen
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.settimeout(PATIENCE)
        self.sock.bind(("127.0.0.1", port))
        self.sock.listen()
        self.endpoint = f"tcp://127.0.0.1:{self.sock.getsockname()[1]}"

    def __enter__(self) -> RawListener:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def accept(self) -> RawPeer:
        """The next connection."""
        return RawPeer(self.sock.accept()[0])
