"""USE_FD: a listening descriptor that somebody else made, by systemd for example."""

from __future__ import annotations

import socket
from errno import EINVAL

from ..error import error_for
from . import Stream


def take(fd: int, families: tuple[int, ...]) -> Stream:
    """Own a descriptor that listens already.  OSError, or ZMQError(EINVAL) if it does
    not listen or is of another family; it is then still the caller's."""
    listener = Stream(fileno=fd)
    try:
        listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if not listens or listener.family not in families:
            raise error_for(
                EINVAL, f"descriptor {fd} does not listen for this transport"
            )
        listener.setblocking(False)
    except BaseException:
        listener.detach()
        raise
    return listener
