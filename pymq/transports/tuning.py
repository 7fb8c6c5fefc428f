"""Options that are the system's to obey, by setsockopt on a tcp descriptor."""

from __future__ import annotations

import logging
import os
import socket
from errno import ENOTSUP
from typing import TYPE_CHECKING, NamedTuple, Union

from .. import constants as _C
from ..constants import SocketOption
from .sockopts import named

if TYPE_CHECKING:
    from . import Options, Stream


class _Row(NamedTuple):
    """An option, and the system's name for it (None: this system has none)."""

    option: SocketOption
    level: int
    name: Union[int, None]
    unset: int  # up to here the choice is the system's


# Before bind or connect: the window is negotiated with the buffers, and a listener
# hands these on to what it accepts, but for TOS.
_BEFORE = (
    _Row(_C.SNDBUF, socket.SOL_SOCKET, socket.SO_SNDBUF, -1),
    _Row(_C.RCVBUF, socket.SOL_SOCKET, socket.SO_RCVBUF, -1),
    _Row(_C.TOS, socket.IPPROTO_IP, named("IP_TOS"), 0),
    _Row(_C.PRIORITY, socket.SOL_SOCKET, named("SO_PRIORITY"), 0),
)
_CONNECTED = (
    _Row(_C.TOS, socket.IPPROTO_IP, named("IP_TOS"), 0),
    _Row(_C.PRIORITY, socket.SOL_SOCKET, named("SO_PRIORITY"), 0),
    _Row(_C.TCP_KEEPALIVE, socket.SOL_SOCKET, socket.SO_KEEPALIVE, -1),
    _Row(_C.TCP_MAXRT, socket.IPPROTO_TCP, named("TCP_USER_TIMEOUT"), 0),
)
_KEPT_ALIVE = (
    _Row(_C.TCP_KEEPALIVE_CNT, socket.IPPROTO_TCP, named("TCP_KEEPCNT"), -1),
    _Row(_C.TCP_KEEPALIVE_IDLE, socket.IPPROTO_TCP, named("TCP_KEEPIDLE"), -1),
    _Row(_C.TCP_KEEPALIVE_INTVL, socket.IPPROTO_TCP, named("TCP_KEEPINTVL"), -1),
)


def prepare(descriptor: Stream, options: Options) -> None:
    """Before it is bound or connected.  OSError for what the system refuses."""
    for row in _BEFORE:
        if options[row.option] > row.unset:
            _apply(descriptor, options, row)
    device = options[_C.BINDTODEVICE]
    if device:
        name = named("SO_BINDTODEVICE")
        if name is None:
            raise OSError(ENOTSUP, os.strerror(ENOTSUP))
        descriptor.setsockopt(socket.SOL_SOCKET, name, device)


def tune(connection: Stream, options: Options) -> None:
    """Once it is connected.  What the system refuses is logged: it may be broken
    already, and then reading will tell."""
    # Batching is the engine's business, not the kernel's.
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass  # it may have gone
    rows: tuple[_Row, ...] = _CONNECTED
    if options[_C.TCP_KEEPALIVE] != -1:
        rows += _KEPT_ALIVE
    for row in rows:
        if options[row.option] > row.unset:
            _apply_if_it_may_be(connection, options, row)


def _apply_if_it_may_be(connection: Stream, options: Options, row: _Row) -> None:
    try:
        _apply(connection, options, row)
    except OSError as error:
        text = "%s cannot be %d: %s"
        name, value = row.option.name, options[row.option]
        logging.getLogger("pymq").info(text, name, value, error.strerror)


def _apply(descriptor: Stream, options: Options, row: _Row) -> None:
    if row.name is None:
        return
    value = options[row.option]
    descriptor.setsockopt(row.level, row.name, value)
    if row.option is _C.TOS and descriptor.family == socket.AF_INET6:
        try:
            descriptor.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, value)
        except OSError:
            pass  # it does not matter
