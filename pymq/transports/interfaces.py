"""IPv4 addresses of network interfaces by name, for ``tcp://eth0:5555``."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Union

SIOCGIFADDR = 0x8915  # Linux: the address of an interface, in a struct ifreq
NAME_MAX = 15


def address(name: str) -> Union[str, None]:
    """The interface's IPv4 address; None if there is no such interface here."""
    if not sys.platform.startswith("linux") or len(name) > NAME_MAX:
        return None
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("256s", name.encode())
        try:
            answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, request)
        except OSError:
            return None
    # An ifreq is 16 octets of name, then a sockaddr_in: family, port, address.
    return socket.inet_ntoa(answer[20:24])
