"""REP (RFC 28): a request, then a reply to whoever asked, in strict alternation.

Frames up to and including the first empty one are the envelope: kept, and put in
front of the reply.  A request without an envelope is dropped.
"""

from __future__ import annotations

from errno import EHOSTUNREACH
from typing import Any, Mapping, Union

from ..backend.abc import Buffer, Hub, Receive, Routing, Send
from ..constants import POLLIN, POLLOUT, Errno
from . import Alternating, Pattern


class Rep(Alternating):
    """The alternation, and the envelope."""

    def __init__(self, hub: Hub, options: Mapping[int, Any]) -> None:
        super().__init__(hub)
        self._envelope: list[bytes] = []  # of the request to be answered
        self._inside = False  # a reply, of which frames were sent
        self._gone = False  # its peer: swallow it

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """EFSM until a whole request was received.  A reply to a peer that is gone
        or full is dropped, as ROUTER does."""
        with self._lock:
            if self._frames or not (self._envelope or self._inside):
                return -Errno.EFSM
            if self._envelope and not more and type(data) is bytes and owner is None:
                return self._answer(data)
            result = self._address()
            if result == 0 and not self._gone:
                result = self._hub.send(data, more, owner)
            if result == 0:
                self._inside = more
                self._gone = self._gone and more
            return result

    def _answer(self, data: bytes) -> int:
        """Send a reply of one frame."""
        result = self._give([*self._envelope, data])
        if result == 0 or result == -EHOSTUNREACH:
            self._envelope = []
            return 0
        return result

    def _address(self) -> int:
        """Send the envelope, before the first frame of a reply.

        With ROUTER_MANDATORY, which REP takes too, the hub says when the peer is
        gone; it is no error here.
        """
        for frame in self._envelope:
            result = self._hub.send(frame, True)
            self._gone = result == -EHOSTUNREACH
            if self._gone:
                break
            if result < 0:
                return result
        self._envelope = []
        return 0

    def _fetch(self) -> Union[list[bytes], int]:
        """Take the next request with an envelope; EFSM while a reply is owed."""
        while not (self._envelope or self._inside):
            frames = self._obtain()
            if isinstance(frames, int):
                return frames
            # The first frame is the routing id, which may not be taken for a delimiter.
            for index in range(1, len(frames) - 1):
                if not frames[index]:
                    self._envelope = frames[: index + 1]
                    return frames[index + 1 :]
        return -Errno.EFSM

    def ready(self) -> int:
        """POLLIN when a request is there, POLLOUT while a reply is owed."""
        with self._lock:
            state = self._hub.ready()
            if state < 0:
                return state
            if self._frames:
                return POLLIN
            if self._envelope or self._inside:
                return POLLOUT
            return POLLIN if self._find() else 0


PATTERN = Pattern("REP", Routing(Send.BY_NAME, Receive.NAMED), wrap=Rep)
