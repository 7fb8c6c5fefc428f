"""tcp addresses as text, ``host:port``, and what the system makes of them.

A host is a number, with brackets or without, perhaps with ``%`` and an IPv6 zone; or a
name; where it is one's own (to bind to), also ``*`` or the name of an interface.
"""

from __future__ import annotations

import re
import socket
from errno import EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENODEV
from functools import cache, lru_cache
from typing import Any, Union, cast

from ..error import ZMQError
from . import Target, interfaces

# What libzmq accepts without looking further begins so.  A destination without host or
# port, or with one that is none, is refused at once, too: it can never work.
_CONNECTABLE = re.compile(
    r"(?=[A-Za-z0-9\[:])([\w.\-:%;\[\]*]+;)?[\w.\-:%\[\]*]+:(?P<port>\d+)", re.ASCII
)
_NUMERIC = re.compile(r"\[.*\]|[\d.]+|[\da-fA-F]*:[\da-fA-F:.%]*", re.ASCII)
_OWN_PORT = re.compile(r"\*|0|\d*[1-9]\d*", re.ASCII)
_PORT_MAX = 65535
_MAPPED = "::ffff:"  # begins an IPv4 address as IPv6 has it


def is_connectable(address: str) -> bool:
    """Whether it is a host and a port, perhaps behind a source."""
    match = _CONNECTABLE.fullmatch(address)
    return match is not None and int(match["port"]) <= _PORT_MAX


def is_numeric(address: str) -> bool:
    """Whether no host of it is a name."""
    hosts = (part.rpartition(":")[0] for part in address.split(";") if part)
    return all(map(_NUMERIC.fullmatch, hosts))


def own(address: str, ipv6: bool) -> Target:
    """Where to bind.  With `ipv6`, IPv4 addresses are mapped into it.

    A source in front is checked and not used, as by libzmq.  ZMQError: EINVAL for a
    missing port or zone, ENODEV for a host that is not known here.
    """
    source, has_source, address = address.rpartition(";")
    family = socket.AF_INET6 if ipv6 and _has_ipv6() else socket.AF_INET
    if has_source:
        _own(source, family, socket.AI_NUMERICHOST)
    return _own(address, family, 0)


def targets(address: str, ipv6: bool) -> list[Target]:
    """Every address of a destination, in the system's order of preference, each with
    the source to connect from, if one is given.  OSError or ZMQError."""
    source, _, destination = address.rpartition(";")
    found = [*_as_written(destination)]
    if not found:
        host, port = _split(destination)
        family = socket.AF_UNSPEC if ipv6 else socket.AF_INET
        found = _look_up(host, int(port), family, 0)
    if not source:
        return found
    sources = {family: _source(source, family) for family, _, _ in found}
    return [
        target._replace(source=sources[target.family])
        for target in found
        if sources[target.family] is not None
    ]


def destination(address: str) -> tuple[str, int]:
    """Host and port of what can be connected to, without a look at what they are."""
    host, port = _split(address.rpartition(";")[2])
    return host, int(port)


def through(address: str, proxy: str) -> str:
    """The address of a proxy, from the source that a destination has."""
    source, separator, _ = address.rpartition(";")
    return source + separator + proxy


def are_same(one: str, other: str) -> bool:
    """Whether two addresses may name the same endpoint: ``localhost`` and
    ``127.0.0.1`` do, and so does the latter as IPv6 has it."""
    try:
        return bool(_numbers(one) & _numbers(other))
    except (OSError, ValueError, ZMQError):
        return False


def text(address: tuple[str, int]) -> str:
    """What getsockname gave, as an endpoint."""
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    host, port = socket.getnameinfo(address, numeric)  # names the zone, too
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _source(address: str, family: int) -> Union[tuple[Any, ...], None]:
    """What to bind to before connecting; None if that is of another family."""
    try:
        return cast(
            "tuple[Any, ...]", _own(address, family, socket.AI_NUMERICHOST).address
        )
    except ZMQError as error:
        if error.errno != ENODEV:
            raise
        return None


def _own(address: str, family: int, flags: int) -> Target:
    host, port = _split(address)
    if not _OWN_PORT.fullmatch(port) or port != "*" and int(port) > _PORT_MAX:
        raise ZMQError(EINVAL)
    number = 0 if port == "*" else int(port)
    if host == "*":
        any_host = "::" if family == socket.AF_INET6 else "0.0.0.0"
        return Target(family, (any_host, number))
    if not host:
        raise ZMQError(ENODEV)
    mapped = getattr(socket, "AI_V4MAPPED", 0) if family == socket.AF_INET6 else 0
    flags |= socket.AI_PASSIVE | mapped
    try:
        host = interfaces.address(host, family) or host
        return _look_up(host, number, family, flags)[0]
    except OSError as error:
        if error.errno in (EMFILE, ENFILE):
            raise
        raise ZMQError(ENODEV) from None


@cache
def _has_ipv6() -> bool:
    """Whether the system has it.  OSError, if it cannot tell just now."""
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()
    except OSError as error:
        if error.errno != EAFNOSUPPORT:
            raise
        return False
    return True


def _split(address: str) -> tuple[str, str]:
    host, separator, port = address.rpartition(":")
    if not (separator and port):
        raise ZMQError(EINVAL)
    return host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host, port


def _look_up(host: str, port: int, family: int, flags: int) -> list[Target]:
    host, scope = _split_zone(host)
    if _is_ipv4(host) and family != socket.AF_INET6 and 0 <= port <= _PORT_MAX:
        return [Target(socket.AF_INET, (host, port))]
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, flags)
    except (ValueError, OverflowError) as error:
        raise OSError(EINVAL, str(error)) from None
    return [Target(info[0], _in_zone(info[0], info[4], scope)) for info in found]


@lru_cache(maxsize=256)  # each connect asks
def _as_written(destination: str) -> tuple[Target, ...]:
    """Four numbers and a port say it all; nothing, if it is something else."""
    host, port = _split(destination)
    plain = _is_ipv4(host) and int(port) <= _PORT_MAX
    return (Target(socket.AF_INET, (host, int(port))),) if plain else ()


def _split_zone(host: str) -> tuple[str, int]:
    """The zone by its number.  getaddrinfo would take it with link-local ones only."""
    host, percent, zone = host.partition("%")
    if not percent:
        return host, 0
    try:
        number = int(zone) if zone.isdecimal() else interfaces.number(zone)
    except ValueError:
        number = 0
    if not 0 < number < 2**32:
        raise ZMQError(EINVAL)
    return host, number


def _in_zone(family: int, address: tuple[Any, ...], scope: int) -> tuple[Any, ...]:
    if family == socket.AF_INET6 and scope:
        return (*address[:3], scope)
    return address


def _is_ipv4(host: str) -> bool:
    """Whether it is four numbers, which need no looking up."""
    try:
        return len(socket.inet_pton(socket.AF_INET, host)) == 4
    except (OSError, ValueError):
        return False


def _numbers(address: str) -> set[tuple[str, int]]:
    host, port = _split(address)
    found = _look_up(host, int(port), socket.AF_UNSPEC, 0)
    pairs = [(str(target.address[0]), int(port)) for target in found]
    return {(name[len(_MAPPED) * name.startswith(_MAPPED) :], n) for name, n in pairs}
