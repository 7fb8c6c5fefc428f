"""tcp://: IPv4 and IPv6 streams (see libzmq's zmq_tcp)."""

from __future__ import annotations

import re
import socket
from errno import EINVAL, EMFILE, ENFILE, ENODEV
from typing import Any, Union

from ..constants import SocketOption
from ..error import ZMQError, error_for
from . import Listening, Options, Target, adopted, close_failed, interfaces, tuning

# What libzmq accepts without looking further: a host, and a port that begins with a
# digit.  Anything else can never work, so it is refused at once.
_CONNECTABLE = re.compile(r"[A-Za-z0-9\[:][\w.\-:%;\[\]*]*:\d+", re.ASCII)
_NUMERIC = re.compile(r"\[.*\]|[\d.]+|[\da-fA-F]*:[\da-fA-F:.%]*", re.ASCII)


def check(address: str) -> None:
    """Refuse a missing host, ``*``, or a port that is no number."""
    if not _CONNECTABLE.fullmatch(address):
        raise ZMQError(EINVAL)


def listen(address: str, options: Options) -> Listening:
    """Bind and listen; port ``*`` or 0 lets the system choose.  With USE_FD only the
    descriptor counts."""
    if options[SocketOption.USE_FD] >= 0:
        families = (socket.AF_INET, socket.AF_INET6)
        listener = adopted.take(options[SocketOption.USE_FD], families)
        return Listening(listener, _format(listener.getsockname()), lambda: None)
    host, port = _split(address)
    family, bound = _bind_address(host, port, options)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        tuning.prepare(listener, options)
        listener.bind(bound)
        listener.listen(options[SocketOption.BACKLOG])
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise error_for(error.errno or EINVAL) from None
    return Listening(listener, _format(listener.getsockname()), lambda: None)


def _bind_address(host: str, port: str, options: Options) -> tuple[int, Any]:
    if port != "*" and not port.isdecimal() or port != "*" and int(port) > 65535:
        raise ZMQError(EINVAL)
    number = 0 if port == "*" else int(port)
    ipv6 = bool(options[SocketOption.IPV6])
    if host == "*":
        if ipv6 and socket.has_ipv6:
            return socket.AF_INET6, ("::", number)
        return socket.AF_INET, ("0.0.0.0", number)
    if not host:
        raise ZMQError(ENODEV)
    try:
        host = interfaces.address(host) or host
        found = _look_up(host, number, ipv6, socket.AI_PASSIVE)
    except OSError as error:
        if error.errno in (EMFILE, ENFILE):
            raise
        raise ZMQError(ENODEV) from None
    return found[0].family, found[0].address


def needs_resolver(address: str) -> bool:
    """Whether a host is a name."""
    hosts = (part.rpartition(":")[0] for part in address.split(";") if part)
    return not all(map(_NUMERIC.fullmatch, hosts))


def resolve(address: str, options: Options) -> list[Target]:
    """Every address of the host, in the system's order of preference."""
    source, _, destination = address.rpartition(";")
    host, port = _split(destination)
    ipv6 = bool(options[SocketOption.IPV6])
    targets = _look_up(host, int(port), ipv6, 0)
    if not source:
        return targets
    source_host, source_port = _split(source)
    number = 0 if source_port == "*" else int(source_port)
    bound = _look_up(source_host, number, ipv6, 0)[0]
    return [t._replace(source=bound.address) for t in targets]  # type: ignore[arg-type]


def _look_up(host: str, port: int, ipv6: bool, flags: int) -> list[Target]:
    if _is_ipv4(host) and 0 <= port <= 65535:
        return [Target(socket.AF_INET, (host, port))]
    family = socket.AF_UNSPEC if ipv6 else socket.AF_INET
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, flags)
    except (UnicodeError, OverflowError) as error:
        raise OSError(EINVAL, str(error)) from None
    return [Target(info[0], info[4]) for info in found]


def open(target: Target, options: Options) -> socket.socket:
    """Start connecting."""
    connection = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        tuning.prepare(connection, options)
        if target.source is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection.bind(target.source)
        connection.connect(target.address)
    except BlockingIOError:
        pass
    except OSError as error:
        raise close_failed(connection, error) from None
    return connection


def tune(connection: socket.socket, options: Options) -> None:
    """Keepalive and the like."""
    tuning.tune(connection, options)


def same(one: str, other: str) -> bool:
    """Names resolve: ``localhost`` and ``127.0.0.1`` are one endpoint."""
    try:
        return bool(_numbers(one) == _numbers(other))
    except (OSError, ValueError, ZMQError):
        return False


def _is_ipv4(host: str) -> bool:
    """Whether it is four numbers, which need no looking up."""
    try:
        return len(socket.inet_pton(socket.AF_INET, host)) == 4
    except (OSError, ValueError):
        return False


def _numbers(address: str) -> Any:
    host, port = _split(address)
    return _look_up(host, int(port), False, 0)[0].address


def _split(address: str) -> tuple[str, str]:
    host, separator, port = address.rpartition(":")
    if not (separator and port):
        raise ZMQError(EINVAL)
    return host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host, port


def _format(name: Union[tuple[Any, ...], Any]) -> str:
    host, port = name[:2]
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
