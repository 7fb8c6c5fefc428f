"""Whether a socket can send or receive now, and whether what it sent has left."""

from __future__ import annotations

from errno import ENOTSUP
from typing import Union

from . import exits
from .backend.abc import SENT
from .base import SocketBase
from .constants import POLLIN
from .deadline import until
from .error import Again, ZMQError
from .pauses import Events, Steps, Until


class Readiness(SocketBase):
    """Mixed into `Socket`."""

    def poll(self, timeout: Union[float, None] = None, flags: int = POLLIN) -> int:
        """Wait for `flags` for at most `timeout` ms (None: for ever); returns the
        events that are, 0 if none."""
        self._check_open_for_poll()
        if flags == POLLIN and self._end is self._hub:
            return self._poll_input(timeout)
        from .poller import zmq_poll

        ready = zmq_poll([(self, flags)], timeout)
        return ready[0][1] if ready else 0

    def flush(self, timeout: Union[float, None] = None) -> bool:
        """Wait until all that was sent has left the process: the kernel has accepted
        the last byte, or the inproc peer can read it.  Not in pyzmq.

        For at most `timeout` ms (None: for ever); whether it is so.  True says nothing
        of its arrival.  What is sent to nobody yet (a peer that is not there, an inproc
        name that nobody has bound) has not left; what other threads send meanwhile is
        waited for, too.  A message that a connection took down with it is gone, and
        not waited for.  ZMQError: ENOTSOCK when the socket is closed meanwhile.
        """
        return self._finish(self._flushing(timeout))

    def _flushing(self, timeout: Union[float, None]) -> Steps[bool]:
        self._check_open()
        deadline = until(timeout)
        if not (yield Events(self, SENT, deadline)):
            return False
        drain = self._drain
        if drain.has_sent():
            return True
        return (yield Until(drain.changed, drain.has_sent, deadline))

    def _poll_input(self, timeout: Union[float, None]) -> int:
        """As `recv` waits: this thread may then read from the connections itself."""
        try:
            self._wait(POLLIN, until(timeout))
        except Again:
            return 0
        return int(POLLIN)

    def _check_open_for_poll(self) -> None:
        if self._closed:
            exits.park()
            raise ZMQError(ENOTSUP)

    def fileno(self) -> int:
        """A descriptor that is readable while `recv` would not block: for ``selectors``
        and the like.  Readable for good once the socket is closed, or the context
        terminated.

        Not pyzmq's, which is that of FD: that one tells of changes of EVENTS, room to
        send among them, to who looks at EVENTS after each.  This one says nothing of
        room.  It is the socket's as long as that lives: do not close or read it.
        Receiving costs a microsecond more once this was called.
        """
        return self._level_fd()
