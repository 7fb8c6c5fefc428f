"""A socket's peers, and how much it has sent and received."""

from __future__ import annotations

from .backend.counts import Counts, Peer
from .socket_state import SocketState


class Peers(SocketState):
    """Mixed into `Socket`."""

    def peers(self) -> list[Peer]:
        """Return a record of each peer.  Not in pyzmq.

        These are the peers that are connected, those that `connect` waits for (messages
        for them are queued), and those that have gone but have sent something that was
        not received yet.  May be called from any thread.
        """
        self._check_open()
        return self._hub.peers(self._connections.shown)

    def stats(self) -> Counts:
        """Return the sums over all peers since the socket was made.  Not in pyzmq.

        Peers that have gone are included.  Messages that were still queued when an
        endpoint was closed are not counted any further: `drain` tells what became of
        them.  May be called from any thread.
        """
        self._check_open()
        return self._hub.totals()
