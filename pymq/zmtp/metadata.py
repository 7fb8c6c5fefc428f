"""Metadata of a connection (RFC 37): properties, each with a name and a value.

On the wire: the size of the name (1 octet), the name, the size of the value (4 octets),
the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Union

from ..constants import Event
from .error import ProtocolError

SOCKET_TYPE = "Socket-Type"
IDENTITY = "Identity"

REMEMBERED = 256  # octets: longer metadata is parsed each time


def encode(properties: Iterable[tuple[str, bytes]]) -> bytes:
    """Encode properties in the given order.  Names are ASCII of 1 to 255 octets."""
    parts = []
    for name, value in properties:
        raw = name.encode("ascii")
        if not raw:
            raise ValueError("a property has a name")
        parts += [bytes((len(raw),)), raw, len(value).to_bytes(4, "big"), value]
    return b"".join(parts)


def parse(data: bytes) -> dict[str, bytes]:
    """Decode properties.  Names are as the peer spelled them.

    ProtocolError for a property that is cut short, an empty or unprintable name, and a
    name that comes twice.  RFC 37 compares names without regard to case; if two
    implementations disagreed on which of two identities counts, they could be fooled.
    """
    return dict(_parse(data) if len(data) <= REMEMBERED else _parse.__wrapped__(data))


@lru_cache(maxsize=64)  # peers of one kind send the same
def _parse(data: bytes) -> dict[str, bytes]:
    properties: dict[str, bytes] = {}
    seen = set()
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        start = name_end + 4
        if start > len(data):
            raise _invalid("property is cut short")
        stop = start + int.from_bytes(data[name_end:start], "big")
        if stop > len(data):
            raise _invalid("property value runs past the end")
        name = data[at + 1 : name_end].decode("latin-1")
        if not (name and name.isascii() and name.isprintable()):
            raise _invalid(f"property name {name!r}")
        folded = name.lower()
        if folded in seen:
            raise _invalid(f"property {name} comes twice")
        seen.add(folded)
        properties[name] = data[start:stop]
        at = stop
    return properties


def find(properties: dict[str, bytes], name: str) -> Union[bytes, None]:
    """Return the value of a property, in whatever case its name is, or None."""
    value = properties.get(name)
    if value is not None:
        return value
    folded = name.lower()
    return next((v for k, v in properties.items() if k.lower() == folded), None)


def kind(properties: dict[str, bytes]) -> tuple[Union[bytes, None], Union[bytes, None]]:
    """Return the socket type and the routing id, as `find` finds them."""
    socket_type, identity = properties.get(SOCKET_TYPE), properties.get(IDENTITY)
    if socket_type is None:
        socket_type = find(properties, SOCKET_TYPE)
    if identity is None:
        identity = find(properties, IDENTITY)
    return socket_type, identity


def _invalid(reason: str) -> ProtocolError:
    return ProtocolError(
        f"bad metadata: {reason}", Event.PROTOCOL_ERROR_ZMTP_INVALID_METADATA
    )
