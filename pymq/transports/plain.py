"""What transports share, above all those whose sockets have nothing to set, and no
names to look up."""

from __future__ import annotations

import socket
from errno import EINVAL
from typing import Any, Callable, Union

from ..constants import SocketOption
from ..error import error_for
from . import Options, Target, close_failed


def listening(
    family: int, address: Union[tuple[Any, ...], None], options: Options
) -> socket.socket:
    """Bind, unless the system is to choose, and listen; ZMQError."""
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise error_for(error.errno or EINVAL) from None
    try:
        if address is not None:
            listener.bind(address)
        listener.listen(options[SocketOption.BACKLOG])
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
    prepare: Callable[[socket.socket], None] = lambda _: None,
) -> socket.socket:
    """Start connecting, when all is set that has to be before."""
    connection = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        prepare(connection)
        connection.connect(target.address)
    except BlockingIOError:
        pass
    except OSError as error:
        raise close_failed(connection, error) from None
    return connection


def tune(connection: socket.socket, options: Options) -> None:
    """Nothing to set."""
