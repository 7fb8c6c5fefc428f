"""`Socket.request`: a request and its reply in one call, sent again if need be."""

from __future__ import annotations

from errno import EAGAIN, ENOTSUP
from functools import partial
from typing import Any, Union

from .backend.abc import Turns
from .constants import POLLIN, POLLOUT, SocketOption
from .deadline import until
from .error import Again, ZMQError, error_for
from .pauses import Events, Steps, Until
from .socket_state import SocketState


class Requests(SocketState):
    """Mixed into `Socket`."""

    def request(
        self, message: Any, timeout: Union[float, None] = None, retries: int = 0
    ) -> Any:
        """Send a request and return its reply.  REQ only; not in pyzmq.

        If no reply comes within `timeout` ms (-1: for ever; None: RCVTIMEO), the
        request is sent again, to the peer whose turn it is, at most `retries` times.
        After the last try it raises Again.  So a request or a reply may be lost, or one
        of several servers may stop.  A server may get the same request more than once.

        Only a reply to this request is returned, to whichever try it belongs: each
        request has a number, as with REQ_CORRELATE.  Whatever happened, the socket is
        then ready for the next request.  Several threads may call this; they take
        turns.

        `message` is bytes, or a list of bytes for several frames; so is the reply.

        ZMQError: ENOTSUP for another type, EFSM in the middle of a message that `send`
        began with SNDMORE, ENOTSOCK if the socket is closed meanwhile.
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
        """Return 0 or -EAGAIN; raise any other error."""
        if result < 0 and result != -EAGAIN:
            self._check_open()
            raise error_for(-result)
        return result
