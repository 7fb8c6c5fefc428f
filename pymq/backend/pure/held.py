"""What the kernel still holds of what was sent on a connection."""

from __future__ import annotations

import socket
import struct

try:
    import fcntl
    import termios
except ImportError:  # Windows
    _UNREAD = 0
else:
    _UNREAD = int(getattr(termios, "TIOCOUTQ", 0))

_UNIX = getattr(socket, "AF_UNIX", None)


def kernel_holds(connection: socket.socket) -> bool:
    """Whether a close would hang up before the peer has read what was sent.  Only of
    AF_UNIX, and only where the system tells."""
    if connection.family != _UNIX or not _UNREAD:
        return False
    try:
        answer = fcntl.ioctl(connection.fileno(), _UNREAD, bytes(4))
    except OSError:
        return False
    return bool(struct.unpack("i", answer)[0])
