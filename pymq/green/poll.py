"""Pollers for gevent."""

from __future__ import annotations

from typing import Any, Union

from ..poller import Poller, Waiter, zmq_poll
from .waiting import wait_for


class _Waiter(Waiter):
    """Sleeps with its greenlet only."""

    def look(self, timeout: float) -> list[tuple[Any, int]]:
        """See `Waiter.look`."""
        if timeout and self.masks:
            wait_for(self.masks, timeout / 1000)
        return super().look(0)


class _Poller(Poller):
    """See `Poller`; blocks one greenlet only."""

    def poll(self, timeout: Union[float, None] = -1) -> list[tuple[Any, int]]:
        """See `Poller.poll`."""
        return zmq_poll(self.sockets, timeout, _Waiter) if self.sockets else []
