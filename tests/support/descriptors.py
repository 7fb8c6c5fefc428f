"""The descriptors of this process, found through /proc: what an implementation set on
them, whatever it is made of."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from pathlib import Path
from typing import Callable, Iterator

from patience import until

Test = Callable[[socket.socket], bool]


def _own() -> Iterator[socket.socket]:
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                yield socket.socket(fileno=os.dup(int(name)))
        except OSError:
            pass  # closed meanwhile


@contextlib.contextmanager
def found(test: Test) -> Iterator[socket.socket]:
    """A duplicate of the one socket that passes a test; waits for it."""
    one = until(lambda: _find(test))
    with one:
        yield one


def _find(test: Test) -> object:
    hits = []
    for one in _own():
        try:
            passed = test(one)
        except (OSError, ValueError, TypeError, IndexError):
            passed = False
        if passed:
            hits.append(one)
        else:
            one.close()
    for extra in hits[1:]:
        extra.close()
    return hits[0] if hits else None


def port(endpoint: str) -> int:
    """The port of a tcp endpoint."""
    return int(endpoint.rpartition(":")[2])


def listening(endpoint: str) -> Test:
    """The socket that is bound there and listens."""
    number = port(endpoint)
    return lambda one: one.getsockname()[1] == number and _listens(one)


def accepted(endpoint: str) -> Test:
    """A connection that was accepted there."""
    number = port(endpoint)
    return lambda one: (
        one.getsockname()[1] == number and not _listens(one) and bool(one.getpeername())
    )


def connecting(endpoint: str) -> Test:
    """A connection that was made to there."""
    number = port(endpoint)
    return lambda one: bool(one.getpeername()[1] == number)


def _listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def watchers(test: Test) -> set[str]:
    """Which epoll descriptors of this process watch the sockets that pass a test."""
    inodes = _inodes(test)
    return {
        name
        for name in os.listdir("/proc/self/fd")
        if inodes & set(_watched(Path("/proc/self/fdinfo", name)))
    }


def _inodes(test: Test) -> set[int]:
    hits = set()
    for one in _own():
        with one:
            try:
                if test(one):
                    hits.add(os.fstat(one.fileno()).st_ino)
            except (OSError, ValueError, TypeError, IndexError):
                pass
    return hits


def _watched(info: Path) -> list[int]:
    try:
        lines = re.findall(r"^tfd:.* ino:([0-9a-f]+)", info.read_text(), re.MULTILINE)
    except OSError:
        return []
    return [int(inode, 16) for inode in lines]


def connecting_ports(endpoint: str) -> set[int]:
    """Local ports that try to reach an IPv4 endpoint (SYN_SENT is 2)."""
    wanted = f"0100007F:{port(endpoint):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return {
        int(row[1].rpartition(":")[2], 16)
        for row in rows[1:]
        if row[2] == wanted and row[3] == "02"
    }
