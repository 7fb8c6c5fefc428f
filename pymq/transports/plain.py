"""What transports share, above all those whose sockets have nothing to set, and no
names to look up."""

from __future__ import annotations

import socket
from errno import EINVAL
from typing import Any, Callable, Union

from .. import constants as _C
from ..error import error_for
from . import Options, Stream, Target, close_failed


def listening(
    family: int, address: Union[tuple[Any, ...], None], options: Options
) -> Stream:
    """Bind, unless the system is to choose, and listen; ZMQError."""
    try:
        listener = Stream(family, socket.SOCK_STREAM)
    except OSError as error:
        raise error_for(error.errno or EINVAL) from None
    try:
        if address is not None:
            listener.bind(address)
        listener.listen(options[_C.BACKLOG])
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise error_for(error.errno or EINVAL) from None
    return listener


def needs_resolver(address: str) -> bool:
    """Never."""
    return False


def open(
    target: Target,
    options: Options,
    prepare: Union[Callable[[Stream, Options], None], None] = None,
) -> Stream:
    """Start connecting, when all is set that has to be before."""
    connection = Stream(target.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if prepare is not None:
            prepare(connection, options)
        if target.source is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection.bind(target.source)
        connection.connect(target.address)
    except BlockingIOError:
        pass
    except OSError as error:
        raise close_failed(connection, error) from None
    return connection


def tune(connection: Stream, options: Options) -> None:
    """Nothing to set."""
