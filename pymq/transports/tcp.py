"""tcp://: IPv4 and IPv6 streams (see libzmq's zmq_tcp)."""

from __future__ import annotations

import socket
from errno import EINVAL
from functools import lru_cache

from .. import constants as _C
from ..error import ZMQError, error_for
from . import (
    Listening,
    Options,
    Stream,
    Target,
    addresses,
    adopted,
    plain,
    tuning,
)


@lru_cache(maxsize=256)  # each connect asks
def check(address: str) -> None:
    """Refuse a missing host, ``*``, or a port that is no number or too large."""
    if not addresses.is_connectable(address):
        raise ZMQError(EINVAL)


def listen(address: str, options: Options) -> Listening:
    """Bind and listen; port ``*`` or 0 lets the system choose.  With USE_FD only the
    descriptor counts."""
    if options[_C.USE_FD] >= 0:
        families = (socket.AF_INET, socket.AF_INET6)
        listener = adopted.take(options[_C.USE_FD], families)
        return _listening(listener)
    family, bound, _ = addresses.own(address, bool(options[_C.IPV6]))
    listener = Stream(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        tuning.prepare(listener, options)
        listener.bind(bound)
        listener.listen(options[_C.BACKLOG])
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise error_for(error.errno or EINVAL) from None
    return _listening(listener)


def _listening(listener: Stream) -> Listening:
    return Listening(listener, addresses.text(listener.getsockname()), lambda: None)


@lru_cache(maxsize=256)  # each connect asks
def needs_resolver(address: str) -> bool:
    """Whether a host is a name."""
    return not addresses.is_numeric(address)


def resolve(address: str, options: Options) -> list[Target]:
    """Every address of the host, in the system's order of preference."""
    return addresses.targets(address, bool(options[_C.IPV6]))


def open(target: Target, options: Options) -> Stream:
    """Start connecting."""
    return plain.open(target, options, tuning.prepare)


tune = tuning.tune


def same(one: str, other: str) -> bool:
    """Names resolve: ``localhost`` and ``127.0.0.1`` are one endpoint."""
    return addresses.are_same(one, other)
