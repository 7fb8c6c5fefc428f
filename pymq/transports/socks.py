"""SOCKS5 (RFC 1928, RFC 1929): asking a proxy for a connection, without any input or
output.

The caller moves bytes::

    request = Request("example.org", 5555, b"", b"")
    while request.result is None:
        sock.sendall(request.data_to_send())
        request.receive_data(sock.recv(request.wanted))

It reads `wanted` bytes at most: what follows is the destination's.
"""

from __future__ import annotations

import socket
import struct
from typing import Union

VERSION, AUTH_VERSION = 5, 1
NO_AUTH, PASSWORD = 0, 2
CONNECT = 1
IPV4, NAME, IPV6 = 1, 3, 4
NAME_MAX = 255

_FAMILIES = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}
_SIZES = {IPV4: 4, IPV6: 16}
_PORT_SIZE = 2

#: RFC 1928, section 6.
_REFUSALS = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


class Request:
    """One connection through a proxy.

    `host` is a number, or a name, which the proxy looks up.
    With a `username` of 1-255 octets it is offered, with the `password` of 0-255, and
    nothing else is.

    `result` is None until the end, then "" for success or what went wrong; `wanted`
    the number of octets to read.
    """

    __slots__ = (
        "_host",
        "_input",
        "_login",
        "_method",
        "_output",
        "_port",
        "_stage",
        "result",
        "wanted",
    )

    def __init__(self, host: str, port: int, username: bytes, password: bytes) -> None:
        self.result: Union[str, None] = None
        if len(host) > NAME_MAX:
            self.result = "the name is too long for a proxy"
        self._host = host
        self._port = port
        self._method = PASSWORD if username else NO_AUTH
        self._login = _login(username, password)
        self._input = bytearray()
        self._output = bytes((VERSION, 1, self._method))
        self.wanted = 2
        self._stage = self._read_method

    def data_to_send(self) -> bytes:
        """Take what is to be sent now, b"" if nothing is."""
        data, self._output = self._output, b""
        return data

    def receive_data(self, data: bytes) -> Union[str, None]:
        """Take what arrived, b"" for the end of it; returns `result`."""
        if not data:
            self.result = "the proxy closed the connection"
        self._input += data
        self.wanted -= len(data)
        while self.result is None and self.wanted <= 0:
            self._stage()
        return self.result

    def _take(self, wanted: int) -> bytes:
        """What arrived; `wanted` octets come next."""
        data = bytes(self._input)
        self._input.clear()
        self.wanted = wanted
        return data

    # Stages: each has the octets that it asked for.

    def _read_method(self) -> None:
        version, method = self._take(2)
        if version != VERSION:
            self.result = f"the proxy speaks version {version}"
        elif method != self._method:
            self.result = "the proxy refuses the way to log in"
        elif method == PASSWORD:
            self._output = self._login
            self._stage = self._read_login
        else:
            self._ask()

    def _read_login(self) -> None:
        version, status = self._take(2)
        if version != AUTH_VERSION or status:
            self.result = "the proxy refuses the username or password"
        else:
            self._ask()

    def _ask(self) -> None:
        where = _destination(self._host) + struct.pack(">H", self._port)
        self._output = bytes((VERSION, CONNECT, 0)) + where
        self.wanted = 5  # up to the first octet of the address: its length, for a name
        self._stage = self._read_reply

    def _read_reply(self) -> None:
        version, reply, _, kind, first = self._take(0)
        if version != VERSION:
            self.result = f"the proxy speaks version {version}"
        elif reply:
            why = _REFUSALS.get(reply, f"error {reply}")
            self.result = f"the proxy cannot connect: {why}"
        elif kind != NAME and kind not in _SIZES:
            self.result = f"the proxy gives an address of type {kind}"
        else:
            rest = first if kind == NAME else _SIZES[kind] - 1
            self.wanted = rest + _PORT_SIZE
            self._stage = self._skip_address

    def _skip_address(self) -> None:
        """The proxy's own, which tells us nothing."""
        self._take(0)
        self.result = ""


def _login(username: bytes, password: bytes) -> bytes:
    fields = bytes((len(username),)) + username + bytes((len(password),)) + password
    return bytes((AUTH_VERSION,)) + fields


def _destination(host: str) -> bytes:
    for kind, family in _FAMILIES.items():
        try:
            return bytes((kind,)) + socket.inet_pton(family, host)
        except OSError:
            continue
    name = host.encode("ascii")
    return bytes((NAME, len(name))) + name
