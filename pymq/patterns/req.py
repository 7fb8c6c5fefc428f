"""REQ (RFC 28): a request, then its reply, in strict alternation.

On the wire a request is an empty delimiter frame and the body; with REQ_CORRELATE
its number comes first, 4 bytes in the host's order, for the peer to send back.
Replies that come from anyone but the peer that was asked, or with another envelope,
are dropped.
"""

from __future__ import annotations

import random
import struct
from typing import Any, Mapping, Union

from ..backend.abc import Buffer, Hub, Receive, Routing, Send
from ..constants import POLLIN, POLLOUT, Errno, SocketOption
from ..turn import Turn
from . import Alternating, Pattern

_CORRELATE, _RELAXED = SocketOption.REQ_CORRELATE, SocketOption.REQ_RELAXED
_DELIMITER = [b""]


class Req(Alternating):
    """The alternation, and whose reply counts."""

    def __init__(self, hub: Hub, options: Mapping[int, Any]) -> None:
        super().__init__(hub)
        self._options = options
        self._number = random.getrandbits(32)  # of the last request
        self._envelope = _DELIMITER
        self._asked = 0  # pipe that has the request
        self._waiting = False  # for the reply
        self._inside = False  # a request, of which frames were sent
        self.turn = Turn()  # for those who `ask`

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """EFSM until the reply to the last request was received, unless REQ_RELAXED:
        then that request is given up."""
        with self._lock:
            if self._waiting or self._frames:
                if not self._options[_RELAXED]:
                    return -Errno.EFSM
                self.give_up()
            if not self._inside:
                self._begin(bool(self._options[_CORRELATE]))
                if not more and type(data) is bytes and owner is None:
                    return self._asking(self._give([*self._envelope, data]))
                for frame in self._envelope:
                    result = self._hub.send(frame, True)
                    if result < 0:
                        return result
                self._inside = True
            result = self._hub.send(data, more, owner)
            if result == 0:
                self._inside = more
            return result if more else self._asking(result)

    def ask(self, frames: list[bytes], again: bool) -> int:
        """Send a whole request, with a number, to whose turn it is: any peer's reply
        with that number counts, and whoever was asked before is not waited for.
        `again`: the same request.  EFSM in the middle of another one."""
        with self._lock:
            if self._inside:
                return -Errno.EFSM
            if not again:
                self.give_up()
                self._begin(numbered=True)
            result = self._give([*self._envelope, *frames])
            self._asked = 0
            self._waiting = True
            return result

    def give_up(self) -> None:
        """Wait for no reply any more."""
        with self._lock:
            self._waiting = False
            self._frames.clear()

    def _begin(self, numbered: bool) -> None:
        # What came late, or unasked, would be taken for the reply.
        while not isinstance(self._obtain(), int):
            pass
        if numbered:
            self._number = (self._number + 1) & 0xFFFFFFFF
            self._envelope = [struct.pack("=I", self._number), b""]
        else:
            self._envelope = _DELIMITER

    def _asking(self, result: int) -> int:
        """The request is out, if that succeeded."""
        if result == 0:
            self._asked = self._hub.chosen
            self._waiting = True
        return result

    def _fetch(self) -> Union[list[bytes], int]:
        """Look for the reply among what has arrived; EFSM unless a request was sent."""
        envelope = self._envelope
        size = len(envelope)
        while self._waiting:
            frames = self._obtain()
            if isinstance(frames, int):
                return frames
            fits = frames[:size] == envelope and len(frames) > size
            if fits and self._expected():
                self._waiting = False
                return frames[size:]
        return -Errno.EFSM

    def _expected(self) -> bool:
        # When the peer that was asked is gone, libzmq takes anyone's reply.  (Nobody
        # has number 0.)
        return self._hub.peer == self._asked or not self._hub.has(self._asked)

    def ready(self) -> int:
        """POLLIN when the reply is there, POLLOUT when a request may be sent."""
        with self._lock:
            state = self._hub.ready()
            if state < 0:
                return state
            found = POLLIN if self._find() else 0
            if (found or self._waiting) and not self._options[_RELAXED]:
                return found
            return found | state & POLLOUT


PATTERN = Pattern("REQ", Routing(Send.IN_TURN, Receive.FAIR), wrap=Req, once=True)
