"""Who a local process is, as the kernel knows it."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple, Union

from .sockopts import named

if TYPE_CHECKING:
    from . import Stream

_LAYOUT = struct.Struct("iII")  # Linux: struct ucred


class Credentials(NamedTuple):
    """Of the process at the other end, as it was when it connected."""

    process: int
    user: int
    group: int


def of_peer(connection: Stream) -> Union[Credentials, None]:
    """Those of an AF_UNIX connection (SO_PEERCRED); None if the system cannot say, or
    the peer has left."""
    name = named("SO_PEERCRED")
    if name is None:
        return None
    try:
        found = connection.getsockopt(socket.SOL_SOCKET, name, _LAYOUT.size)
    except OSError:
        return None
    return Credentials(*_LAYOUT.unpack(found))
