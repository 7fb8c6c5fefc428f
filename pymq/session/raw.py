"""Connections without a handshake (STREAM): what stands in for a `Greeter`."""

from __future__ import annotations

import os
import socket
from typing import Callable

from ..backend.abc import Link, Pipe
from ..constants import SocketOption
from ..zmtp.handshake import Ready, Result
from . import Side, logger
from .greeter import Greeter


class RawGreeter(Greeter):
    """One connection, which is ready when it is established."""

    def __init__(
        self,
        side: Side,
        connection: socket.socket,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        self.socket = connection
        self.where = where
        self._done = done
        self._notifies = bool(side.options[SocketOption.STREAM_NOTIFY])

    def speak(self) -> None:
        """There is nothing to say."""
        self._done(self, Ready(0, {}, b""))

    answer = speak

    def attach(self, pipe: Pipe, ready: Ready) -> bool:
        """Hand the connection over to a pipe; False if the system has no room."""
        fd = self.socket.detach()
        try:
            pipe.attach(Link(fd, raw=True, notifies=self._notifies))
        except (OSError, MemoryError) as error:
            logger.warning("%s: cannot attach: %s", self.where, error)
            os.close(fd)
            return False
        return True

    def close(self) -> None:
        """Close the descriptor, unless it was handed over."""
        self.socket.close()
