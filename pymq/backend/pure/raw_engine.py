"""A connection without frames (STREAM): what one read gives is a message, and of
messages the bodies are written."""

from __future__ import annotations

from errno import EPROTO
from typing import TYPE_CHECKING

from ..abc import Link
from . import queue
from .engine import Engine

if TYPE_CHECKING:
    from .loop import Loop
    from .pipe import Pipe

READ_SIZE = 8192  # bytes, as ZMQ_IN_BATCH_SIZE


class RawEngine(Engine):
    """See `Engine`."""

    def __init__(self, loop: Loop, pipe: Pipe, link: Link) -> None:
        super().__init__(loop, pipe, link)
        self._notifies = link.notifies
        if link.notifies:
            self._held.append((queue.LAST, b""))
            self._paused = True  # so that it is delivered in the first turn

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error.errno or EPROTO)
            return
        if not data:
            self._lost(0)
        elif not self._closing:
            self._held.append((queue.LAST, data))
            self._deliver()

    def _refill(self) -> bool:
        """Empty messages make no batch, but there may be others behind them."""
        while not super()._refill():
            if not self.in_hand:
                return False
        return True

    def _join(self, short: list[bytes]) -> list[bytes]:
        return [body for _, body in self.in_hand]

    def _encode(self, frame: queue.Frame) -> tuple[bytes, bytes]:
        return b"", frame[1]

    def _report(self, error: int) -> None:
        with self.loop.lock:
            if self._notifies and not self._closing:
                self.pipe.input.write(b"", False)
            super()._report(error)
