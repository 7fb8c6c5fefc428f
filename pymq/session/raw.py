"""Connections without a handshake (STREAM, ROUTER_RAW); used in place of a
`Greeter`."""

from __future__ import annotations

from typing import Callable

from .. import constants as _C
from ..backend.abc import Link
from ..transports import Stream
from ..zmtp.handshake import Ready, Result
from .greeter import AFFINITY, Greeter
from .side import Side


class RawGreeter(Greeter):
    """One connection, which is ready as soon as it is established."""

    def __init__(
        self,
        side: Side,
        connection: Stream,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        self._own(side, connection, where, done)
        self._notifies = bool(side.options[_C.STREAM_NOTIFY])

    def speak(self) -> None:
        """There is nothing to send."""
        self._done(self, Ready(0, {}, b""))

    answer = speak

    def _mechanism_name(self) -> str:
        return ""

    def _link(self, fd: int, ready: Ready) -> Link:
        bits = self._side.options[_C.AFFINITY] & AFFINITY
        return Link(fd, affinity=bits, raw=True, notifies=self._notifies)

    def _report(self, event: int, value: int) -> None:
        """Report to the monitor, except a handshake."""
        if event != _C.EVENT_HANDSHAKE_SUCCEEDED:
            super()._report(event, value)
