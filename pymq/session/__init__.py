"""Sessions: one endpoint's life, listening or connecting, until it is closed.

Everything here runs on the control thread.  A session owns descriptors until their
handshake is done; then the data plane does, until it reports the link down.

- `side`: what a session knows of its socket
- `listener`, `connecter`: an endpoint that was bound, or connected; `lingering`: its
  pipes that are closed and not yet done; `rivals`: its peers that want one name;
  `backoff`: when it tries again; `tunnel`: its way through a proxy
- `greeter`: one connection's handshake; `raw`: one that has none
- `security`: the mechanism of a connection; `zap`, `judge`: who is asked about a peer;
  `splice`: what seals it in Python
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
    keeps_input: bool  # unbind leaves what arrived to be read, disconnect does not

    has_address: bool  # which is free when `close` returns

    @property
    def meeting(self) -> Union[Meeting, None]:
        """Whether it has its peer; None of what is bound."""

    @property
    def exposed(self) -> bool:
        """Whether anybody may be at the other end, from wherever."""

    @property
    def over(self) -> bool:
        """Whether it has ended by itself: nothing will be tried again."""

    def close(self, linger: int, keep_input: bool) -> None:
        """End it; `linger` in milliseconds, -1 for ever."""


def log_down(endpoint: str, error: int) -> None:
    """Say why a connection ended, unless the peer just closed it."""
    if error:
        logger.info("%s: connection lost: %s", endpoint, errno.errorcode.get(error))
