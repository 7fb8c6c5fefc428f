"""Who is there, and what has come and gone."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from .backend.counts import Counts, PeerCounts
from .base import SocketBase
from .properties import Properties

_UNKNOWN = Properties(-1, {})


class Peer(NamedTuple):
    """One of a socket's peers.  Numbers are as in `Counts`."""

    #: As a frame's Peer-Address has it; "" over inproc, and before the first link.
    address: str
    #: What a ROUTER calls it, else what it calls itself.
    routing_id: bytes
    socket_type: str
    mechanism: str  # NULL, PLAIN, CURVE ...; "" over inproc, and without a handshake
    user_id: str  # as ZAP has it
    since: float  # when it was connected last, as `time.time` has it; 0: never yet
    connected: bool  # else it is awaited, or what it sent is still to be received
    messages_in: int
    bytes_in: int
    waiting_in: int
    messages_out: int
    bytes_out: int
    waiting_out: int
    dropped: int


class Peers(SocketBase):
    """Mixed into `Socket`."""

    def peers(self) -> list[Peer]:
        """Who is connected, awaited (`connect` has been called, and messages can be
        queued), or gone with something left to receive.  Not in pyzmq.  From any
        thread."""
        self._check_open()
        return [self._peer(counts) for counts in self._hub.peers()]

    def _peer(self, found: PeerCounts) -> Peer:
        known = self._connections.get(found.pipe) or _UNKNOWN
        said = known.values
        return Peer(
            _text(said, "Peer-Address"),
            found.name or said.get("Identity", b""),
            _text(said, "Socket-Type"),
            known.mechanism,
            _text(said, "User-Id"),
            found.since,
            found.connected,
            *found.counts[1:],
        )

    def stats(self) -> Counts:
        """What has come and gone since the socket was made, over all peers, those that
        are gone included.  Not in pyzmq.  From any thread.

        What became of messages that waited when an endpoint was closed is not in
        there: `drain` knows.
        """
        self._check_open()
        totals: Counts = self._hub.totals()
        return totals


def _text(said: Mapping[str, bytes], name: str) -> str:
    value = said.get(name)
    return value.decode("utf-8", "surrogateescape") if value else ""
