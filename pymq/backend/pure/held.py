"""What the kernel still holds of what was sent on a connection."""

from __future__ import annotations

import socket
import struct
import sys

try:
    import fcntl
    import termios
except ImportError:  # Windows
    _UNREAD = 0
else:
    _UNREAD = int(getattr(termios, "TIOCOUTQ", 0))

_UNIX = getattr(socket, "AF_UNIX", None)
_INFO = getattr(socket, "TCP_INFO", 0) if sys.platform == "linux" else 0
# Of Linux's struct tcp_info: how often what is under way was sent again, how many
# probes of a closed window had no answer, ms since the last acknowledgment.
_info = struct.Struct("=2xBB52xI")


def kernel_holds(connection: socket.socket) -> bool:
    """Whether a close would hang up before the peer has read what was sent.  Only of
    AF_UNIX, and only where the system tells."""
    if connection.family != _UNIX or not _UNREAD:
        return False
    try:
        answer = fcntl.ioctl(connection.fileno(), _UNREAD, bytes(4))
    except (OSError, ValueError):  # it was closed meanwhile, or cannot tell
        return False
    return bool(struct.unpack("i", answer)[0])


def unacknowledged(connection: socket.socket) -> float:
    """For how many seconds the peer's kernel, which was asked again since, has not
    acknowledged what was sent; 0.0 if it does.  A peer that merely does not read does
    acknowledge.  Only of TCP, and only where the system tells."""
    if connection.family == _UNIX or not _INFO:
        return 0.0
    try:
        answer = connection.getsockopt(socket.IPPROTO_TCP, _INFO, _info.size)
        repeated, probes, since = _info.unpack(answer)
    except (OSError, struct.error):
        return 0.0
    return since / 1000 if repeated or probes > 1 else 0.0
