"""A request and its reply in one call, that survives the loss of either."""

from __future__ import annotations

from errno import EAGAIN, ENOTSUP
from typing import TYPE_CHECKING, Any, Union

from .base import SocketBase
from .constants import POLLIN, POLLOUT, SocketOption
from .drain import until
from .error import Again, ZMQError, error_for
from .patterns.req import Req


class Requests(SocketBase):
    """Mixed into `Socket`."""

    if TYPE_CHECKING:

        def _wait(self, events: int, deadline: Union[float, None]) -> None:
            """Of `Socket`."""

    def request(
        self, message: Any, timeout: Union[float, None] = None, retries: int = 0
    ) -> Any:
        """REQ: send a request and return its reply.  Not in pyzmq.

        Waits `timeout` ms for it (None: RCVTIMEO), then sends the request again, to
        whose turn it is, at most `retries` times; in the end it raises Again.  So the
        request may be lost, or its reply, or a server, of several; and a server may
        get it more than once.  Only its own reply is returned, to whichever try that
        is: a number tells (that of REQ_CORRELATE).  Afterwards the socket is ready for
        the next request, whatever came of this one.  Threads take turns.

        The message and the reply are bytes if they have one frame, else a list of
        them.  ZMQError: ENOTSUP for another type, EFSM in the middle of another
        request; ENOTSOCK when the socket is closed meanwhile.
        """
        frames = list(message) if isinstance(message, (list, tuple)) else [message]
        parts = [bytes(memoryview(frame)) for frame in frames]
        if timeout is None:
            timeout = float(self._options[SocketOption.RCVTIMEO])
        req = self._asker()
        with req.turn:
            try:
                for attempt in range(retries + 1):
                    reply = self._try(req, parts, attempt > 0, timeout)
                    if reply is not None:
                        return reply[0] if len(reply) == 1 else reply
            finally:
                req.give_up()
                self._changed()
        raise Again

    def _asker(self) -> Req:
        self._check_open()
        if not isinstance(self._inner, Req):
            raise ZMQError(ENOTSUP, f"not for a {self._type.name}")
        return self._inner

    def _try(
        self, req: Req, parts: list[bytes], again: bool, timeout: float
    ) -> Union[list[bytes], None]:
        """The reply; None if there is none within `timeout` ms."""
        deadline = until(timeout)
        sent = False
        try:
            while True:
                sent = sent or self._result(req.ask(parts, again)) == 0
                found = self._end.recv_message()
                if isinstance(found, list):
                    return found
                self._result(found)
                self._wait(POLLIN if sent else POLLIN | POLLOUT, deadline)
        except Again:
            return None

    def _result(self, result: int) -> int:
        """0 or -EAGAIN, or it is raised."""
        if result < 0 and result != -EAGAIN:
            self._check_open()
            raise error_for(-result)
        return result
