"""Socket types: one file each, a row of facts over the hub's policies.

To add a socket type, write its file and name it in `_FILES`.
"""

from __future__ import annotations

from errno import EINVAL
from functools import lru_cache
from typing import Any, Callable, Mapping, NamedTuple, cast

from ..backend.abc import Hub, Routing
from ..constants import SocketType
from ..error import ZMQError
from ..loading import load
from .end import End


def plain(hub: Hub, options: Mapping[int, Any]) -> End:
    """Most types need nothing beyond their policies."""
    return hub


class Pattern(NamedTuple):
    """A socket type."""

    name: str  # on the wire, RFC 37's Socket-Type
    routing: Routing
    wrap: Callable[[Hub, Mapping[int, Any]], End] = plain  # options: as they are now
    conflates: bool = False  # CONFLATE has a meaning
    once: bool = False  # a second connect to the same endpoint does nothing
    linger: int = -1  # milliseconds; subscriptions need not outlive their socket
    raw: bool = False  # its connections speak no ZMTP


_FILES = {
    SocketType.PAIR: "pair",
    SocketType.PUB: "pub",
    SocketType.SUB: "sub",
    SocketType.REQ: "req",
    SocketType.REP: "rep",
    SocketType.DEALER: "dealer",
    SocketType.ROUTER: "router",
    SocketType.PULL: "pull",
    SocketType.PUSH: "push",
    SocketType.XPUB: "xpub",
    SocketType.XSUB: "xsub",
    SocketType.STREAM: "stream",
}


def get(socket_type: int) -> Pattern:
    """The pattern of a socket type.  TypeError, or ZMQError(EINVAL) if there is
    none."""
    if not isinstance(socket_type, int):
        raise TypeError(f"a socket type is an int, not {socket_type!r}")
    return _load(socket_type)


@lru_cache(maxsize=32)  # to import it again costs as much as to make a socket
def _load(socket_type: int) -> Pattern:
    try:
        file = _FILES[SocketType(socket_type)]
    except ValueError:
        raise ZMQError(EINVAL, f"no socket type {socket_type!r}") from None
    except KeyError:
        raise ZMQError(
            EINVAL, f"socket type {SocketType(socket_type).name} is not built"
        ) from None
    return cast(Pattern, load(f".{file}", __name__).PATTERN)
