"""Transports: one file per scheme; each gives stream descriptors (but inproc).

A transport knows addresses and descriptors, and nothing of handshakes, retries or
traffic.  To add one, write its file and name it in `_FILES`.
"""

from __future__ import annotations

from errno import EPROTONOSUPPORT
from importlib import import_module
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Mapping,
    NamedTuple,
    Protocol,
    Union,
    cast,
)

from ..error import ZMQError

if TYPE_CHECKING:
    import socket

#: Values of socket options by number, as they were at bind or connect.
Options = Mapping[int, Any]


class Listening(NamedTuple):
    """A listening descriptor."""

    socket: socket.socket
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


def close_failed(connection: socket.socket, error: OSError) -> NotOpened:
    """Close what could not be opened; returns what to raise."""
    failed = NotOpened(*error.args)
    failed.fd = connection.fileno()
    connection.close()
    return failed


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

    def open(self, target: Target, options: Options) -> socket.socket:
        """A non-blocking descriptor that is connecting or connected.  OSError,
        NotOpened if there was a descriptor."""

    def tune(self, connection: socket.socket, options: Options) -> None:
        """Set options on an established connection."""

    def same(self, one: str, other: str) -> bool:
        """Whether two addresses name the same endpoint (for unbind)."""


def peer_address(connection: socket.socket) -> str:
    """Who is at the other end, for people: an address; of a local process its user,
    group and process id, behind ``localhost``.  "" if the system cannot say."""
    import socket as system
    import struct

    from .sockopts import named

    credentials = named("SO_PEERCRED")
    try:
        name = connection.getpeername()
        if connection.family != system.AF_UNIX:
            return str(name[0])
        if credentials is None:
            return ""
        size = struct.calcsize("3i")
        raw = connection.getsockopt(system.SOL_SOCKET, credentials, size)
        process, user, group = struct.unpack("3i", raw)
    except OSError:  # it left
        return ""
    return f"localhost:{user}:{group}:{process}"


_FILES = {"tcp": ".tcp", "ipc": ".ipc"}


def get(scheme: str) -> Transport:
    """The transport of that name.  ZMQError(EPROTONOSUPPORT)."""
    if scheme not in _FILES:
        raise ZMQError(EPROTONOSUPPORT)
    return cast(Transport, import_module(_FILES[scheme], __name__))
