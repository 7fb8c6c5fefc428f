"""Whether a socket can send or receive now, and whether what it sent has left."""

from __future__ import annotations

from errno import ENOTSUP
from typing import Union

from . import exits
from .backend.abc import SENT
from .constants import POLLIN
from .deadline import until
from .error import Again, ZMQError
from .pauses import Events, Steps, Until
from .socket_state import SocketState


class Readiness(SocketState):
    """Mixed into `Socket`."""

    def poll(self, timeout: Union[float, None] = None, flags: int = POLLIN) -> int:
        """Wait until the socket can receive or send.

        `flags` are the events to wait for: POLLIN, POLLOUT or both.  Waits for at most
        `timeout` ms (None or negative: for ever).  Returns those of the events that are
        true, 0 after a timeout.

        ZMQError(ENOTSUP) when the socket is closed, as in pyzmq.
        """
        self._check_open_for_poll()
        if flags == POLLIN and self._end is self._hub:
            return self._poll_input(timeout)
        from .poller import zmq_poll

        ready = zmq_poll([(self, flags)], timeout)
        return ready[0][1] if ready else 0

    def flush(self, timeout: Union[float, None] = None) -> bool:
        """Wait until everything that was sent has left the process.  Not in pyzmq.

        That is when the kernel has accepted the last byte, or an inproc peer can read
        it.  Waits for at most `timeout` ms (None: for ever).  Returns whether it is so.

        True does not mean that the peer has received it.  Messages for a peer that is
        not connected yet, or for an inproc name that is not bound yet, have not left.
        Messages that other threads send meanwhile are waited for as well.  A message
        that was half-sent when its connection broke is lost, and not waited for.

        ZMQError(ENOTSOCK) when the socket is closed meanwhile.
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
        """Wait as `recv` does: this thread may then read from the connections
        itself."""
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
        """Return a descriptor that is readable while `recv` would not block.

        It is meant for ``selectors``, event loops and the like.  It says nothing about
        room to send.  After the socket was closed or its context terminated it stays
        readable.  It belongs to the socket: do not read or close it.  After the first
        call of this method each receive takes about a microsecond more.

        In pyzmq, `fileno` is the descriptor of the option FD.  That one becomes
        readable when EVENTS may have changed, sending included, and EVENTS has to be
        read after each time.
        """
        return self._level_fd()
