"""A SOCKS5 proxy (RFC 1928, RFC 1929), as real as it has to be: it listens, lets its
users log in, connects, and carries bytes both ways."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Optional

from patience import PATIENCE

SIZES = {1: 4, 4: 16}
FAMILIES = {1: socket.AF_INET, 4: socket.AF_INET6}
REFUSED = 5


class SocksProxy:
    """Runs from `start` to the end of the block.

    `login` is the only username and password that it takes; without one it wants
    none.  `names` are the hosts that it knows, with their ports.  `asked` is what its
    users wanted, as (type of address, host, port).
    """

    def __init__(
        self,
        login: Optional[tuple[bytes, bytes]] = None,
        names: Optional[dict[str, str]] = None,
        family: int = socket.AF_INET,
    ) -> None:
        self.asked: list[tuple[int, str, int]] = []
        self.refused = 0
        self._login = login
        self._names = names or {}
        self._closing = False
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("localhost" if family == socket.AF_INET else "::1", 0))
        host, port = self._listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def start(self) -> SocksProxy:
        """Listen from now on: until then the port is taken, and refuses."""
        self._listener.listen()
        self._run(self._accept)
        return self

    def __enter__(self) -> SocksProxy:
        return self

    def __exit__(self, *_: object) -> None:
        _shut(self._listener)
        self._listener.close()
        self._closing = True
        for sock in list(self._open):
            _shut(sock)
        for thread in self._threads:
            thread.join(PATIENCE)
        for sock in self._open:
            sock.close()

    def _keep(self, sock: socket.socket) -> None:
        """To be closed at the end, which may be now."""
        self._open.append(sock)
        if self._closing:
            _shut(sock)

    def _run(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                user = self._listener.accept()[0]
                self._keep(user)
                self._run(self._serve, user)

    def _serve(self, user: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            if not self._let_in(user):
                self.refused += 1
                user.shutdown(socket.SHUT_RDWR)
                return
            far = self._connect(user)
            if far is None:
                user.shutdown(socket.SHUT_RDWR)
                return
            self._run(_carry, far, user)
            _carry(user, far)

    def _let_in(self, user: socket.socket) -> bool:
        version, count = _read(user, 2)
        methods = _read(user, count)
        method = 2 if self._login else 0
        if version != 5 or method not in methods:
            user.sendall(b"\5\xff")
            return False
        user.sendall(bytes((5, method)))
        if self._login is None:
            return True
        assert _read(user, 1) == b"\1"
        given = _read(user, _read(user, 1)[0]), _read(user, _read(user, 1)[0])
        user.sendall(b"\1\0" if given == self._login else b"\1\1")
        return given == self._login

    def _connect(self, user: socket.socket) -> Optional[socket.socket]:
        version, command, reserved, kind = _read(user, 4)
        assert (version, command, reserved) == (5, 1, 0)
        if kind == 3:
            host = _read(user, _read(user, 1)[0]).decode()
        else:
            host = socket.inet_ntop(FAMILIES[kind], _read(user, SIZES[kind]))
        port = struct.unpack(">H", _read(user, 2))[0]
        self.asked.append((kind, host, port))
        try:
            far = socket.create_connection((self._names.get(host, host), port))
        except OSError:
            user.sendall(bytes((5, REFUSED, 0, 1)) + bytes(6))
            return None
        self._keep(far)
        # The address of an answer may be a name, and arrive in pieces.
        for piece in (b"\5\0", b"\0\3\5", b"proxy\0", b"\1"):
            user.sendall(piece)
        return far


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
