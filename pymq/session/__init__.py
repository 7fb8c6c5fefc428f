"""Sessions: one endpoint's life, listening or connecting, until it is closed.

Everything here runs on the control thread.  A session owns descriptors until their
handshake is done; then the data plane does, until it reports the link down.
"""

from __future__ import annotations

import errno
import functools
import logging
from typing import Any, Mapping, NamedTuple, Protocol

from ..backend.abc import Hub, Pipe, Send
from ..constants import SocketOption
from ..control import Control
from ..monitor import Monitor
from ..patterns import Pattern
from ..properties import Connections

logger = logging.getLogger("pymq")


class Side(NamedTuple):
    """What a session knows of its socket, as it was at bind or connect."""

    control: Control
    hub: Hub
    pattern: Pattern
    options: Mapping[int, Any]  # as they were at bind or connect
    live: Mapping[int, Any]  # as they are now
    monitor: Monitor
    connections: Connections

    @property
    def named(self) -> bool:
        """Whether peers are known by their routing ids."""
        return self.pattern.routing.send is Send.BY_NAME

    @property
    def conflates(self) -> bool:
        """Whether pipes keep the last message only (CONFLATE)."""
        return self.pattern.conflates and bool(self.options[SocketOption.CONFLATE])

    def claim(self, pipe: Pipe, routing_id: bytes) -> bool:
        """Name a pipe, if pipes have names; with ROUTER_HANDOVER whoever had the
        name goes.  A joined pipe has no owner, and stays under a generated name."""
        if not self.named:
            return True
        handover = bool(self.live[SocketOption.ROUTER_HANDOVER])
        displaced = pipe.name(routing_id, handover)
        owner = self.control.owners.get(displaced)
        if owner is not None:
            self.control.run(functools.partial(owner.displaced, displaced))
        return displaced >= 0


class Session(Protocol):
    """What a socket can do with its endpoints."""

    endpoint: str
    keeps_input: bool  # unbind leaves what arrived to be read, disconnect does not

    has_address: bool  # which is free when `close` returns

    @property
    def over(self) -> bool:
        """Whether it has ended by itself: nothing will be tried again."""

    def close(self, linger: int, keep_input: bool) -> None:
        """End it; `linger` in milliseconds, -1 for ever."""


def log_down(endpoint: str, error: int) -> None:
    """Say why a connection ended, unless the peer just closed it."""
    if error:
        logger.info("%s: connection lost: %s", endpoint, errno.errorcode.get(error))
