"""A request and its reply in one call, that survives the loss of either."""

from __future__ import annotations

from errno import EAGAIN, ENOTSUP
from functools import partial
from typing import Any, Union

from .backend.abc import Turns
from .base import SocketBase
from .constants import POLLIN, POLLOUT, SocketOption
from .deadline import until
from .error import Again, ZMQError, error_for
from .pauses import Events, Steps, Until


class Requests(SocketBase):
    """Mixed into `Socket`."""

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
        return self._finish(self._requesting(message, timeout, retries))

    def _requesting(
        self, message: Any, timeout: Union[float, None], retries: int
    ) -> Steps[Any]:
        frames = list(message) if isinstance(message, (list, tuple)) else [message]
        parts = [bytes(memoryview(frame)) for frame in frames]
        if timeout is None:
            timeout = float(self._options[SocketOption.RCVTIMEO])
        self._check_asks()
        turn = self._asks
        one = turn.come()
        try:
            if not turn.is_of(one):
                yield Until(turn.changed, partial(turn.is_of, one), None)
            return (yield from self._insist(parts, timeout, retries))
        finally:
            turn.leave(one)

    def _insist(self, parts: list[bytes], timeout: float, retries: int) -> Steps[Any]:
        hub = self._hub
        try:
            for attempt in range(retries + 1):
                deadline = until(timeout)
                sent, goes_on = False, True
                while goes_on:
                    sent = sent or self._result(hub.ask(parts, attempt > 0)) == 0
                    found = self._end.recv_message()
                    if isinstance(found, list):
                        return found[0] if len(found) == 1 else found
                    self._result(found)
                    events = POLLIN if sent else POLLIN | POLLOUT
                    goes_on = yield Events(self, events, deadline)
        finally:
            hub.give_up()
            self._changed()
        raise Again

    def _check_asks(self) -> None:
        self._check_open()
        if self._pattern.routing.turns is not Turns.ASKS:
            raise ZMQError(ENOTSUP, f"not for a {self._type.name}")

    def _result(self, result: int) -> int:
        """0 or -EAGAIN, or it is raised."""
        if result < 0 and result != -EAGAIN:
            self._check_open()
            raise error_for(-result)
        return result
