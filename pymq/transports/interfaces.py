"""Addresses of network interfaces by name, for ``tcp://eth0:5555``."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Union

SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface, in a struct ifreq
SIOCGIFINDEX = 0x8933  # Linux: its number
IF_INET6 = "/proc/net/if_inet6"  # Linux: the IPv6 addresses of all interfaces
LINK = 0x20  # there: only good together with its zone
NAME_MAX = 15


def address(name: str, family: int) -> Union[str, None]:
    """An address of the interface; None if there is no such interface here, or none
    of that family."""
    if not sys.platform.startswith("linux") or len(name) > NAME_MAX:
        return None
    return _ipv6(name) if family == socket.AF_INET6 else _ipv4(name)


def number(name: str) -> int:
    """Its index, 0 if there is no such interface.  ValueError if there cannot be."""
    try:
        if hasattr(socket, "if_nametoindex"):
            return socket.if_nametoindex(name)
    except OSError:
        return 0
    # PyPy.
    answer = _ask(SIOCGIFINDEX, name) if len(name) <= NAME_MAX else None
    return 0 if answer is None else int(struct.unpack_from("i", answer, 16)[0])


def _ask(what: int, name: str) -> Union[bytes, None]:
    """A struct ifreq: 16 octets of name, then the answer."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("256s", name.encode())
        try:
            return fcntl.ioctl(probe.fileno(), what, request)
        except OSError:
            return None


def _ipv4(name: str) -> Union[str, None]:
    answer = _ask(SIOCGIFADDR, name)
    # A sockaddr_in: family, port, address.
    return None if answer is None else socket.inet_ntoa(answer[20:24])


def _ipv6(name: str) -> Union[str, None]:
    """The one that reaches furthest: global before link-local."""
    found = []
    try:
        with open(IF_INET6, encoding="ascii") as lines:
            for line in lines:
                digits, index, _, scope, _, interface = line.split()
                if interface == name:
                    found.append((int(scope, 16), digits, int(index, 16)))
    except OSError:
        return None
    if not found:
        return None
    reach, octets, zone = min(found)
    text = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(octets))
    return f"{text}%{zone}" if reach == LINK else text
