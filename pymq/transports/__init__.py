"""Transports: one file per scheme; each gives stream descriptors (but inproc).

A transport knows addresses and descriptors, and nothing of handshakes, retries or
traffic.  To add one, write its file and name it in `_FAMILIES`.

`tcp`, `ipc`, `tipc`, `vsock`, and `inproc`, which has no descriptors.  What they share:

- `plain`: what most of it is where there is nothing to set
- `addresses`, `interfaces`: hosts, ports and names of interfaces, as tcp has them
- `tuning`, `sockopts`: options that the kernel obeys, and its numbers for them
- `filters`, `credentials`: who may connect, and who a local process is
- `adopted`: a listener that somebody else made; `socks`: what a proxy is told
"""

from __future__ import annotations

import socket
from _socket import socket as Stream
from errno import EPROTONOSUPPORT
from functools import lru_cache
from typing import (
    Any,
    Callable,
    Mapping,
    NamedTuple,
    Protocol,
    Union,
    cast,
)

from ..constants import ENOCOMPATPROTO
from ..error import ZMQError
from ..loading import load
from .credentials import of_peer

__all__ = [
    "Listening",
    "NotOpened",
    "Options",
    "Stream",
    "Target",
    "Transport",
    "accept",
    "close_failed",
    "get",
    "peer_address",
    "schemes",
]

# `Stream` is what `socket.socket` is made of.  That takes 20 calls of Python to accept,
# most of them for the family as an enum.

#: Values of socket options by number, as they were at bind or connect.
Options = Mapping[int, Any]


class Listening(NamedTuple):
    """A listening descriptor."""

    socket: Stream
    endpoint: str  # as LAST_ENDPOINT gives it, wildcards resolved
    clean_up: Callable[[], None]  # after the descriptor is closed


class Target(NamedTuple):
    """One address to try."""

    family: int
    address: Union[str, tuple[Any, ...]]
    source: Union[tuple[Any, ...], None] = None


class NotOpened(OSError):
    """What `Transport.open` had begun and had to close; `fd` was its descriptor."""

    fd = -1


def close_failed(connection: Stream, error: OSError) -> NotOpened:
    """Close what could not be opened; returns what to raise."""
    failed = NotOpened(*error.args)
    failed.fd = connection.fileno()
    connection.close()
    return failed


def accept(listener: Stream) -> Stream:
    """A connection that waits for it.  OSError, BlockingIOError if none does."""
    fd, _ = listener._accept()  # type: ignore[attr-defined]  # of `socket.socket.accept`
    accepted = Stream(listener.family, listener.type, listener.proto, fd)
    accepted.setblocking(False)
    return accepted


class Transport(Protocol):
    """What a transport's file offers."""

    def check(self, address: str) -> None:
        """Refuse what can never be connected to: ZMQError(EINVAL, ENAMETOOLONG)."""

    def listen(self, address: str, options: Options) -> Listening:
        """Bind and listen; ZMQError with the system's errno."""

    def resolve(self, address: str, options: Options) -> list[Target]:
        """Addresses to try, in order.  May block when `needs_resolver`.  OSError."""

    def needs_resolver(self, address: str) -> bool:
        """Whether `resolve` may have to ask the network."""

    def open(self, target: Target, options: Options) -> Stream:
        """A non-blocking descriptor that is connecting or connected.  OSError,
        NotOpened if there was a descriptor."""

    def tune(self, connection: Stream, options: Options) -> None:
        """Set options on an established connection."""

    def same(self, one: str, other: str) -> bool:
        """Whether two addresses name the same endpoint (for unbind)."""


#: By scheme: what the system must have, and so must Python.
_FAMILIES = {
    "tcp": "AF_INET",
    "ipc": "AF_UNIX",
    "tipc": "AF_TIPC",
    "vsock": "AF_VSOCK",
}

#: Why not, of schemes that libzmq knows, or may be built with.
_REFUSED = {
    "udp": (ENOCOMPATPROTO, "udp is for RADIO, DISH and DGRAM, which are drafts"),
    "pgm": (EPROTONOSUPPORT, "pgm needs OpenPGM and raw sockets"),
    "epgm": (EPROTONOSUPPORT, "epgm needs OpenPGM"),
    "norm": (EPROTONOSUPPORT, "norm needs the NORM library"),
    "vmci": (EPROTONOSUPPORT, "vmci needs VMware's kernel modules; try vsock"),
    "ws": (EPROTONOSUPPORT, "ws is a draft"),
    "wss": (EPROTONOSUPPORT, "wss is a draft"),
}


def schemes() -> list[str]:
    """What there is here, as far as Python knows: it is up to the system whether one
    can be opened."""
    return [name for name, family in _FAMILIES.items() if hasattr(socket, family)]


def peer_address(connection: Stream) -> str:
    """Who is at the other end, for people: an address; of a local process its user,
    group and process id, behind ``localhost``.  "" if the system cannot say."""
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        try:
            return str(connection.getpeername()[0])
        except OSError:  # it left
            return ""
    peer = of_peer(connection) if connection.family == socket.AF_UNIX else None
    if peer is None:
        return ""
    return f"localhost:{peer.user}:{peer.group}:{peer.process}"


@lru_cache(maxsize=32)  # each connect asks
def get(scheme: str) -> Transport:
    """The transport of that name.  ZMQError(EPROTONOSUPPORT, ENOCOMPATPROTO)."""
    if scheme in _REFUSED:
        raise ZMQError(*_REFUSED[scheme])
    if scheme not in schemes():
        raise ZMQError(EPROTONOSUPPORT)
    return cast(Transport, load(f".{scheme}", __name__))
