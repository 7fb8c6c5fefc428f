"""Who is there, and what has come and gone."""

from __future__ import annotations

from .backend.counts import Counts, Peer
from .base import SocketBase


class Peers(SocketBase):
    """Mixed into `Socket`."""

    def peers(self) -> list[Peer]:
        """Who is connected, awaited (`connect` has been called, and messages can be
        queued), or gone with something left to receive.  Not in pyzmq.  From any
        thread."""
        self._check_open()
        return self._hub.peers(self._connections.shown)

    def stats(self) -> Counts:
        """What has come and gone since the socket was made, over all peers, those that
        are gone included.  Not in pyzmq.  From any thread.

        What became of messages that waited when an endpoint was closed is not in
        there: `drain` knows.
        """
        self._check_open()
        return self._hub.totals()
