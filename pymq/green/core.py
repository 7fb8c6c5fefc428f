"""Sockets and contexts for gevent.

What waits for a message in `pymq.socket.Socket` does so in one place, `_wait`, and all
else in `_finish`.  Each wait has a bell of its own, so that any number of greenlets may
wait for one socket, and none has to look now and then for what it might have missed.
"""

from __future__ import annotations

import time
import warnings
from typing import Any, TypeVar, Union

from ..constants import POLLIN, RCVTIMEO, SNDTIMEO
from ..context import Context
from ..error import Again, error_for
from ..pauses import Pause, Steps, finish
from ..socket import Socket
from .poll import _Poller
from .waiting import READABLE, wait_for

_Result = TypeVar("_Result")

_TIMEOS = (int(RCVTIMEO), int(SNDTIMEO))


class _Socket(Socket):
    """A socket whose calls block one greenlet only.

    RCVTIMEO and SNDTIMEO have no effect, of which it warns: use ``gevent.Timeout``.
    """

    _poller_class = _Poller
    _repr_cls = "zmq.green.Socket"
    _ignored: Union[dict[int, Any], None] = None

    def get(self, option: int) -> Any:
        """See `Socket.get`."""
        if option not in _TIMEOS:
            return super().get(option)
        _warn_of_timeouts()
        self._check_open()
        return (self._ignored or {}).get(option, -1)

    def set(self, option: int, optval: Any) -> None:
        """See `Socket.set`."""
        if option not in _TIMEOS:
            super().set(option, optval)
            return
        _warn_of_timeouts()
        self._check_open()
        self._ignored = {**(self._ignored or {}), option: int(optval)}

    getsockopt = get
    setsockopt = set

    def _wait(self, events: int, deadline: Union[float, None]) -> None:
        bell = self._bell(events)
        try:
            self._wait_with(bell, events, deadline)
        finally:
            bell.close()

    def _wait_with(self, bell: Any, events: int, deadline: Union[float, None]) -> None:
        while True:
            bell.hush()
            result = self._hub.wait(events, 0)
            if result > 0:
                return
            if result < 0:
                raise error_for(-result)
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Again
            wait_for({bell.fileno(): READABLE}, left)

    def _finish(self, steps: Steps[_Result]) -> _Result:
        return finish(steps, _sleep)

    def poll(self, timeout: Union[float, None] = None, flags: int = POLLIN) -> int:
        """See `Socket.poll`."""
        self._check_open_for_poll()
        poller = self._poller_class()
        poller.register(self, flags)
        found = poller.poll(timeout)
        return found[0][1] if found else 0


def _sleep(pause: Pause) -> bool:
    bell = pause.hang()
    try:
        while True:
            bell.hush()
            if pause.look():
                return True
            left = None if pause.deadline is None else pause.deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            wait_for({bell.fileno(): READABLE}, left)
    finally:
        bell.close()


def _warn_of_timeouts() -> None:
    text = "TIMEO socket options have no effect in zmq.green"
    warnings.warn(text, UserWarning, stacklevel=3)


class _Context(Context[_Socket]):
    """A context whose sockets block one greenlet only."""

    _socket_class = _Socket
    _repr_cls = "zmq.green.Context"
    _instance = None

    def _finish(self, steps: Steps[bool]) -> bool:
        return finish(steps, _sleep)
