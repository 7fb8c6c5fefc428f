"""tipc://: Linux's cluster sockets (see libzmq's zmq_tipc).

To bind to: ``{type,lower,upper}``, or ``<*>`` for an identity that the system chooses.
To connect to: ``{type,instance}``, perhaps with ``@z.c.n``, the domain to look in, or
an identity, ``<z.c.n:reference>``.
"""

from __future__ import annotations

import re
import socket
from errno import EINVAL
from typing import Any, Union

from ..error import ZMQError
from . import Listening, Options, Target
from .plain import listening, needs_resolver, open, tune

__all__ = ["check", "listen", "needs_resolver", "open", "resolve", "same", "tune"]

RESERVED_TYPES = 64  # are the system's own; Python has no name for their number

_SERVICE = re.compile(
    r"\{\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*(\d+)\s*)?\}(?:@(\d+)\.(\d+)\.(\d+))?",
    re.ASCII,
)
_IDENTITY = re.compile(r"<(\d+)\.(\d+)\.(\d+):(\d+)>", re.ASCII)
_RANDOM = "<*>"
_DEFAULT_DOMAIN = (1, 0, 0)

_Address = tuple[int, int, int, int, int]  # as Python's socket module has them


def check(address: str) -> None:
    """Refuse what is neither a name nor an identity."""
    _peer(address)


def listen(address: str, options: Options) -> Listening:
    """Bind to a range of instances, or get an identity, and listen."""
    bound = None if address == _RANDOM else _own(address)
    listener = listening(socket.AF_TIPC, bound, options)
    endpoint = _text(bound or listener.getsockname())
    return Listening(listener, endpoint, lambda: None)


def resolve(address: str, options: Options) -> list[Target]:
    """The address itself."""
    return [Target(socket.AF_TIPC, _peer(address))]


def same(one: str, other: str) -> bool:
    """Spaces do not matter."""
    return "".join(one.split()) == "".join(other.split())


def _own(address: str) -> _Address:
    """A range of instances; one, if that is all there is.  ZMQError(EINVAL)."""
    kind, lower, upper, domain = _service(address)
    if upper is None:
        upper = lower
    if upper < lower or domain is not None:
        raise ZMQError(EINVAL)
    return (socket.TIPC_ADDR_NAMESEQ, kind, lower, upper, socket.TIPC_ZONE_SCOPE)


def _peer(address: str) -> _Address:
    """A service or an identity.  ZMQError(EINVAL)."""
    identity = _IDENTITY.fullmatch(address)
    if identity is not None:
        zone, cluster, number, reference = _numbers(*identity.groups())
        node = _node(zone, cluster, number)
        return (socket.TIPC_ADDR_ID, node, reference, 0, 0)
    kind, instance, upper, domain = _service(address)
    if upper is not None:
        raise ZMQError(EINVAL)  # a stream has one peer
    node = _node(*_DEFAULT_DOMAIN) if domain is None else domain
    return (socket.TIPC_ADDR_NAME, kind, instance, node, 0)


def _service(address: str) -> tuple[int, int, Union[int, None], Union[int, None]]:
    """Type, instance or lower end, upper end, and domain."""
    match = _SERVICE.fullmatch(address)
    if match is None:
        raise ZMQError(EINVAL)
    kind, lower = _numbers(match[1], match[2])
    if kind < RESERVED_TYPES:
        raise ZMQError(EINVAL)
    upper = None if match[3] is None else _numbers(match[3])[0]
    domain = None if match[4] is None else _node(*_numbers(*match.groups()[3:]))
    return kind, lower, upper, domain


def _numbers(*digits: str) -> list[int]:
    """32 bits each, or ZMQError(EINVAL): Python would take what is left in them."""
    numbers = list(map(int, digits))
    if max(numbers) >= 1 << 32:
        raise ZMQError(EINVAL)
    return numbers


def _node(zone: int, cluster: int, node: int) -> int:
    if zone > 0xFF or cluster > 0xFFF or node > 0xFFF:
        raise ZMQError(EINVAL)
    return zone << 24 | cluster << 12 | node


def _text(address: tuple[Any, ...]) -> str:
    """An address as an endpoint, spaced as libzmq's LAST_ENDPOINT is."""
    kind, first, second, third = address[:4]
    if kind == socket.TIPC_ADDR_ID:
        zone, cluster, node = first >> 24, first >> 12 & 0xFFF, first & 0xFFF
        return f"tipc://<{zone}.{cluster}.{node}:{second}>"
    return f"tipc://{{{first}, {second}, {third}}}"
