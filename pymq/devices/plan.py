"""What a device's socket is to do, before it exists."""

from __future__ import annotations

from typing import Any

from ..constants import SocketType
from ..context import Context
from ..error import ZMQBindError
from ..socket import Socket

_TRIES = 5  # ports, until one is not promised to another socket of the device


class Plan:
    """A socket type, and the options, binds and connects of the socket.

    They are done in this order, since options act on later binds and connects.
    """

    def __init__(self, socket_type: int) -> None:
        self.socket_type = socket_type
        self.options: list[tuple[int, Any]] = []
        self.binds: list[str] = []
        self.connects: list[str] = []

    def carry_out(self, sock: Socket) -> Socket:
        """Do all of it on `sock`, and return it."""
        for option, value in self.options:
            sock.set(option, value)
        for address in self.binds:
            sock.bind(address)
        for address in self.connects:
            sock.connect(address)
        return sock


def free_port(address: str, taken: list[str], *args: int, **kwargs: int) -> int:
    """Find a port that is free now and is not among the `taken` endpoints.

    The endpoint is added to them.  Another program may take the port before the device
    does.  Arguments and errors are those of `Socket.bind_to_random_port`.
    """
    with Context() as context, context.socket(SocketType.PUSH) as sock:
        for _ in range(_TRIES):
            port: int = sock.bind_to_random_port(address, *args, **kwargs)
            endpoint = f"{address}:{port}"
            if endpoint not in taken:
                taken.append(endpoint)
                return port
    raise ZMQBindError("Could not reserve random port.")
