"""Sessions: the life of one endpoint, bound or connected, until it is closed.

Everything here runs on the control thread.  A session owns the descriptors of its
connections until their handshakes are done.  Then the data plane owns them, until it
reports that the link is down.

- `side`: what a session knows of its socket
- `listener`, `connecter`: a bound or a connected endpoint; `lingering`: its pipes that
  are closed and still send; `rivals`: its peers that want the same name; `backoff`:
  when it tries again; `tunnel`: its connection through a proxy
- `greeter`: one connection's handshake; `raw`: a connection without one
- `security`: the mechanism of a connection; `zap`, `judge`: asking whether a peer may
  connect; `splice`: sealing a connection in Python
"""

from __future__ import annotations

import errno
import logging
from typing import Protocol, Union

from ..meeting import Meeting

logger = logging.getLogger("pymq")


class Session(Protocol):
    """What a socket can do with its endpoints."""

    endpoint: str
    keeps_input: bool  # input stays readable: after unbind, not disconnect

    has_address: bool  # an address that is free when `close` returns

    @property
    def meeting(self) -> Union[Meeting, None]:
        """Whether it has a peer; None if the endpoint is bound."""

    @property
    def exposed(self) -> bool:
        """Whether anybody on a network may be the peer, without authentication."""

    @property
    def over(self) -> bool:
        """Whether it has ended by itself, and nothing will be tried again."""

    def close(self, linger: int, keep_input: bool) -> None:
        """End it; `linger` is in ms, -1 for ever."""


def log_down(endpoint: str, error: int) -> None:
    """Log why a connection ended, unless the peer just closed it."""
    if error:
        logger.info("%s: connection lost: %s", endpoint, errno.errorcode.get(error))
