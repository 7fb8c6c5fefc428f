"""A connection through a SOCKS5 proxy, until it reaches the destination (RFC 1928)."""

from __future__ import annotations

from selectors import EVENT_READ
from typing import Callable, Union

from .. import constants as _C
from ..timer import Timer
from ..transports import Stream, addresses
from ..transports.socks import Request
from . import logger
from .side import Side


class Tunnel:
    """Asks the proxy at the far end of `connection` for the destination.

    Then it calls `done` with whether it succeeded.  HANDSHAKE_IVL limits the time;
    libzmq waits for ever.
    """

    def __init__(
        self,
        side: Side,
        connection: Stream,
        address: str,
        done: Callable[[bool], None],
    ) -> None:
        host, port = addresses.destination(address)
        options = side.options
        self.socket = connection
        self._where = f"tcp://{address}"
        self._control = side.control
        self._done = done
        self._watched = False
        self._request = Request(
            host,
            port,
            options[_C.SOCKS_USERNAME],
            options[_C.SOCKS_PASSWORD],
        )
        self._patience = options[_C.HANDSHAKE_IVL]  # ms, 0: no limit
        self._timer: Union[Timer, None] = None

    def start(self) -> None:
        """Send the first request, and wait for the answer."""
        if self._patience:
            self._timer = self._control.later(self._patience / 1000, self._late)
        self._watched = True
        self._control.watch(self.socket.fileno(), EVENT_READ, self._ready)
        self._send()

    def close(self) -> None:
        """Stop, and close the descriptor."""
        self._stop()
        self.socket.close()

    def _send(self) -> None:
        """Send; it is a few hundred bytes in all, for which a new connection has
        room."""
        try:
            self.socket.sendall(self._request.data_to_send())
        except OSError as error:
            self._finish(error.strerror or "send failed")

    def _ready(self) -> None:
        try:
            result = self._request.receive_data(self.socket.recv(self._request.wanted))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            result = error.strerror or "receive failed"
        if result is None:
            self._send()
        else:
            self._finish(result)

    def _late(self) -> None:
        self._finish("the proxy took too long")

    def _finish(self, failure: str) -> None:
        self._stop()
        if failure:
            logger.info("%s: %s", self._where, failure)
        self._done(not failure)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watched:
            self._watched = False
            self._control.unwatch(self.socket.fileno())
