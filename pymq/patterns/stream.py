"""STREAM: plain TCP.  The first frame names the connection, the second is bytes.

A connection that begins or ends is told with no bytes (STREAM_NOTIFY); sending none
ends it.
"""

from __future__ import annotations

from errno import EAGAIN
from typing import Any, Mapping, Union

from ..backend.abc import Buffer, Hub, HubOption, Receive, Routing, Send
from . import Pattern
from .wrapper import Wrapper

POLLOUT = 2


class Raw(Wrapper):
    """Sends by name, two frames at a time (also ROUTER with ROUTER_RAW)."""

    def __init__(self, hub: Hub, options: Mapping[int, Any]) -> None:
        super().__init__(hub)
        self._named = False

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """A name that another frame follows, then bytes.  More frames than that are
        names again, and a name that none follows is ignored."""
        with self._lock:
            if not self._named:
                result = self._hub.send(data, more)
                self._named = result == 0 and more
                return result
            if len(data) == 0:
                self.hang_up(self._hub.chosen)
            result = self._hub.send(data, False, owner)
            self._named = result == -EAGAIN
            return result


class Stream(Raw):
    """Takes unknown names for errors, and waits for those that are full."""

    def __init__(self, hub: Hub, options: Mapping[int, Any]) -> None:
        super().__init__(hub, options)
        hub.set(HubOption.MANDATORY, 1)

    def ready(self) -> int:
        """POLLIN; and POLLOUT always: who is asked for may have room."""
        state = super().ready()
        return state if state < 0 else state | POLLOUT


PATTERN = Pattern("STREAM", Routing(Send.BY_NAME, Receive.NAMED), wrap=Stream, raw=True)
