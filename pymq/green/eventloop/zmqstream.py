"""See `pymq.eventloop.zmqstream`."""

from __future__ import annotations

from typing import Union

from ...eventloop import zmqstream
from ...socket import Socket
from .ioloop import IOLoop


class ZMQStream(zmqstream.ZMQStream):
    """A stream in the loop that a process shares."""

    def __init__(self, socket: Socket, io_loop: Union[IOLoop, None] = None) -> None:
        super().__init__(socket, io_loop or IOLoop.instance())


__all__ = ["ZMQStream"]
